"""What Qaqpa must do; the folders say by what kind of proof."""
