"""What the trainings know of Keras: what may be built of it, what that costs, and how it is trained."""
