"""What a visitor may ask of a list: parameters, filters, order and page."""
