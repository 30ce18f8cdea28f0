# Makes the folders of official-r-client: what MLflow's own R client writes, reproduced with base R.
# Run in this folder: Rscript --vanilla make-official-r-client.R
#
# Each folder holds MLmodel and crate.bin, and beside the model itself reference.csv: rows to predict and
# what R predicted, doubles in hexadecimal.

options(keep.source = FALSE)
set.seed(1)

crate <- function(.fn, ...) {
  environment(.fn) <- list2env(list(...), parent = baseenv())
  structure(.fn, class = "crate")
}

write_model <- function(name, crate, rows) {
  folder <- file.path("official-r-client", name)
  dir.create(folder, recursive = TRUE, showWarnings = FALSE)
  saveRDS(serialize(crate, NULL), file.path(folder, "crate.bin"))
  writeLines(c(
    "utc_time_created: '2024-01-31T12:00:00.000000Z'",
    "run_id: 0123456789abcdef0123456789abcdef",
    "artifact_path: model",
    "flavors:",
    "  crate:",
    "    version: 0.1.0",
    "    model: crate.bin"
  ), file.path(folder, "MLmodel"))
  rows$prediction <- as.vector(crate(rows))
  numbers <- vapply(rows, is.double, NA)
  rows[numbers] <- lapply(rows[numbers], function(column) sprintf("%a", column))
  write.csv(rows, file.path(folder, "reference.csv"), row.names = FALSE, quote = FALSE)
}

rows <- iris[c(1, 25, 51, 75, 101, 125), 1:4]

write_model("linear", crate(
  function(x) stats::predict(model, x), model = lm(Sepal.Width ~ Sepal.Length, iris)
), rows)
write_model("tree", crate(
  function(x) stats::predict(model, x, type = "class"), model = rpart::rpart(Species ~ ., iris)
), rows)
write_model("smooth", crate(
  function(x) stats::predict(model, x), model = mgcv::gam(Sepal.Width ~ s(Sepal.Length), data = iris)
), rows)
