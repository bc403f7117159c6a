-- The order of the transfers: by time, and at equal times by id (rank: 0 for the smallest id in bytes, and so on).
SELECT number FROM transfers ORDER BY time, rank
