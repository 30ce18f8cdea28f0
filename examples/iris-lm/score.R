# Score all rows of iris with the served model and compare with R's own predict().
# Usage: Rscript score.R http://127.0.0.1:5001; the last word printed is the largest difference.

library(crateflow)

url <- commandArgs(trailingOnly = TRUE)[[1]]
scores <- mlflow_score(url, iris["Sepal.Length"])

fit <- lm(Sepal.Width ~ Sepal.Length, data = iris)
expected <- unname(predict(fit, iris))

difference <- max(abs(scores - expected))
if (!identical(scores, expected)) {
  stop("the served model does not predict what R does; largest difference ", difference)
}
cat("largest difference to predict():", difference, "\n")
