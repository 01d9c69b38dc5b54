"""The drawings the lectures share.

Two kinds of picture, both handed to :func:`show` together with a text that says what they show:

* plots are matplotlib figures from :func:`subplots`, stored as PNG;
* diagrams (:func:`chain`, :func:`graph`, :func:`tangent`) are SVG drawn here, the same bytes on
  every machine, so that nbval compares them like any other output.

The framework never imports this package: it needs matplotlib and IPython.
"""

from chainrule.figures.animation import animate
from chainrule.figures.boundary import decision_boundary
from chainrule.figures.confusion import confusion_grid
from chainrule.figures.curves import tangent
from chainrule.figures.display import Drawing, show, stepper
from chainrule.figures.graph import Edge, chain, graph
from chainrule.figures.histograms import histograms
from chainrule.figures.images import image_grid
from chainrule.figures.learning import learning_curves
from chainrule.figures.scatter import predicted_against_actual
from chainrule.figures.style import COLOURS, subplots
from chainrule.figures.trajectories import trajectories

__all__ = [
    "COLOURS",
    "Drawing",
    "Edge",
    "animate",
    "chain",
    "confusion_grid",
    "decision_boundary",
    "graph",
    "histograms",
    "image_grid",
    "learning_curves",
    "predicted_against_actual",
    "show",
    "stepper",
    "subplots",
    "tangent",
    "trajectories",
]
