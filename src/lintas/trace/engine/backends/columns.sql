-- The columns of the index, in the SQL that DuckDB, PostgreSQL and Spark share.
-- transfers(number, out_line, in_line, debited, credited): in order of number; a line is -1 where that side is outside.
-- given(line, amount): every line once, with its given opening balance or 0.
-- Gives one row for each leg, by side (0 leaves, 1 comes), line and order: where it starts on its line, and the line's
-- opening balance: the smallest, not below the given one, with which the line never goes below zero.
WITH legs AS (
  SELECT out_line AS line, number, 0 AS side, debited AS amount, -debited AS change FROM transfers WHERE out_line >= 0
  UNION ALL
  SELECT in_line AS line, number, 1 AS side, credited AS amount, credited AS change FROM transfers WHERE in_line >= 0
), summed AS (
  SELECT line, number, side, amount,
    SUM(amount) OVER (PARTITION BY line, side ORDER BY number ROWS UNBOUNDED PRECEDING) AS run,
    SUM(change) OVER (PARTITION BY line ORDER BY number, side ROWS UNBOUNDED PRECEDING) AS balance
  FROM legs
), openings AS (
  SELECT given.line, CAST(GREATEST(MAX(given.amount), -MIN(summed.balance)) AS BIGINT) AS opening
  FROM given JOIN summed ON summed.line = given.line GROUP BY given.line
)
SELECT summed.line, summed.number, summed.side, openings.opening,
  CAST(run - summed.amount + CASE WHEN side = 1 THEN opening ELSE 0 END AS BIGINT) AS start
FROM summed JOIN openings ON openings.line = summed.line
ORDER BY side, line, number
