"""What a class's results tell the instructor, as pages that need nothing else."""
