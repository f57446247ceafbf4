"""What texts cost: a line's price list, the cost of one text, and the credits that an organization runs on."""
