"""Floor 7: the JSON API: typed routes, problem documents, keys, and the OpenAPI document made from them."""
