"""Train a network to read handwritten digits: the PyTorch script that lecture 14 reads."""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(0)

digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32)
y = torch.tensor(digits.target)
X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=0)
loader = DataLoader(TensorDataset(X_train, y_train), batch_size=32, shuffle=True)
X_val, y_val = X_val.to(device), y_val.to(device)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 100)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(100, 10)

    def forward(self, x):
        x = torch.relu(self.hidden(x))
        return self.output(self.dropout(x))


model = Net().to(device)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(20):
    model.train()
    for X_batch, y_batch in loader:
        X_batch, y_batch = X_batch.to(device), y_batch.to(device)
        loss = loss_fn(model(X_batch), y_batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    model.eval()
    with torch.no_grad():
        accuracy = (model(X_val).argmax(dim=1) == y_val).float().mean().item()
    print(f"epoch {epoch + 1}: last loss {loss.item():.3f}, accuracy {accuracy:.3f}")
