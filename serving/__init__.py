"""What answers: inference, the gateway, and the simulated sensors."""

import gc

# What an import makes mostly stays, and an answer leaves little: looking through it after each 700 objects takes a fifth of a
# start.
gc.set_threshold(10_000, 10, 10)
