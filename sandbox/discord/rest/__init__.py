"""The REST v10 subset: ``table.py`` lists the routes, ``front.py`` guards them."""
