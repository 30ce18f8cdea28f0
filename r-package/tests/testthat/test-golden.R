# Folders that were written once and are read by all: by R and Python, by these versions and later ones.
golden <- function(...) {
  folder <- file.path(repository(), "tests", "data", "models", ...)
  skip_if(!dir.exists(folder), "the golden models are not part of the package")
  folder
}

read_reference <- function(path) {
  rows <- utils::read.csv(file.path(path, "reference.csv"), colClasses = "character")
  hexadecimal <- vapply(rows, function(column) all(startsWith(sub("^-", "", column), "0x")), NA)
  rows[hexadecimal] <- lapply(rows[hexadecimal], as.numeric)
  rows
}

test_that("a linear model written earlier predicts the same bits", {
  path <- golden("written-by-r", "linear")
  rows <- read_reference(path)
  expect_identical(mlflow_predict(mlflow_load_model(path), rows), rows$prediction)
})

test_that("a model with factors written earlier predicts the same bits", {
  path <- golden("written-by-r", "factors")
  rows <- read_reference(path)
  fields <- read_spec(path)$flavors$crate
  expect_identical(fields$input_types, list(cyl = "factor", gear = "ordered"))
  rows$cyl <- factor(rows$cyl, levels = fields$input_levels$cyl)
  rows$gear <- factor(rows$gear, levels = fields$input_levels$gear, ordered = TRUE)
  expect_identical(mlflow_predict(mlflow_load_model(path), rows), rows$prediction)
})

test_that("models in the layout of MLflow's own R client load", {
  path <- golden("official-r-client")
  for (name in c("linear", "smooth", "tree")) {
    expect_s3_class(mlflow_load_model(file.path(path, name)), "crate")
  }
})

test_that("a model written by Python predicts through a server", {
  local_command()
  path <- golden("written-by-python", "sklearn-iris")
  model <- mlflow_load_model(path)
  withr::defer(model$server$stop())
  expect_output(print(model), "mlflow_served_model> http")
  example <- jsonlite::fromJSON(file.path(path, "input_example.json"))
  rows <- stats::setNames(as.data.frame(example$data), example$columns)
  expect_identical(mlflow_predict(model, rows), jsonlite::fromJSON(paste0(path, ".predictions.json")))
})
