"""The recipe of the model that ships with streamlab: data, training, evaluation, export."""
