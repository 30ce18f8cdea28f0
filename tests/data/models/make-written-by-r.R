# Writes the model folders that the tests read as models of the R package:
#   written-by-r/linear   lm of iris: one number in, one number out
#   written-by-r/factors  glm of mtcars: an ordered and an unordered factor in, a probability out
# Each has reference.csv: rows to predict and what R predicted, doubles in hexadecimal.
# Usage, in this folder, with the package installed: Rscript make-written-by-r.R

library(crateflow)

write_model <- function(name, model, rows) {
  path <- file.path("written-by-r", name)
  mlflow_save_model(model, path, input_example = head(rows, 5))
  rows$prediction <- model(rows)
  numbers <- vapply(rows, is.double, NA)
  rows[numbers] <- lapply(rows[numbers], function(column) sprintf("%a", column))
  write.csv(rows, file.path(path, "reference.csv"), row.names = FALSE, quote = FALSE)
}

linear <- lm(Sepal.Width ~ Sepal.Length, data = iris)
write_model(
  "linear",
  crate(function(x) unname(stats::predict(model, x)), model = linear),
  iris[seq(1, 150, by = 10), "Sepal.Length", drop = FALSE]
)

cars <- transform(mtcars, cyl = factor(cyl), gear = factor(gear, ordered = TRUE))
factors <- glm(am ~ wt + cyl, family = binomial, data = cars)
write_model(
  "factors",
  crate(
    function(x) unname(stats::predict(model, x, type = "response")) * (1 + (x$gear > "3")) / 2,
    model = factors
  ),
  cars[1:12, c("wt", "cyl", "gear")]
)
