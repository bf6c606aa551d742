"""From the historian's exports to a validated champion: Dagster assets, and the libraries below them."""

import gc

# What an import or a run makes mostly stays: looking through it after each 700 objects takes a tenth of a run's time and a
# fifth of an import's.
gc.set_threshold(10_000, 10, 10)
