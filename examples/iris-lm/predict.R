# What R itself predicts for its own iris: the yardstick for every other way of scoring.
# Usage: Rscript predict.R <file.csv>; doubles are written in hexadecimal, which loses no bit.

fit <- lm(Sepal.Width ~ Sepal.Length, data = iris)

write.csv(
  data.frame(
    Sepal.Length = sprintf("%a", iris$Sepal.Length),
    prediction = sprintf("%a", predict(fit, iris))
  ),
  commandArgs(trailingOnly = TRUE)[[1]],
  row.names = FALSE, quote = FALSE
)
