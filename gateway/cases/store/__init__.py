"""The store: all SQL of the product lives here, written by hand."""
