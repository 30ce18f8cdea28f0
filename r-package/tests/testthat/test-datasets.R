inputs_of <- function(run) {
  get_run(mlflow_client(), mlflow_id(run))$inputs$dataset_inputs
}

test_that("a run tells which data it used", {
  local_tracking()
  with(run <- mlflow_start_run(), {
    logged <- mlflow_log_input(iris, "irises", context = "train", tags = list(fold = 1))
    mlflow_log_input(mtcars, source = "https://example.org/cars.csv")
    mlflow_log_input(as.matrix(cars), "cars", source = "data/cars.csv")
  })
  inputs <- inputs_of(run)
  names <- vapply(inputs, function(input) input$dataset$name, "")
  expect_setequal(names, c("irises", "dataset", "cars"))
  used <- inputs[[which(names == "irises")]]
  expect_setequal(
    vapply(used$tags, function(tag) paste(tag$key, tag$value), ""), c("mlflow.data.context train", "fold 1")
  )
  expect_identical(used$dataset$digest, logged$digest)
  expect_match(logged$digest, "^[0-9a-f]{8}$")
  columns <- jsonlite::fromJSON(used$dataset$schema)$mlflow_colspec
  expect_identical(columns$name, names(iris))
  expect_identical(columns$type, c(rep("double", 4), "string"))
  expect_identical(jsonlite::fromJSON(used$dataset$profile), list(num_rows = 150L, num_elements = 750L))
  expect_identical(used$dataset$source_type, "code")
  types <- vapply(inputs, function(input) paste(input$dataset$source_type, input$dataset$source), "")
  expect_true("http {\"url\":\"https://example.org/cars.csv\"}" %in% types)
  expect_true("local {\"uri\":\"data/cars.csv\"}" %in% types)
})

test_that("the digest is that of the content", {
  expect_identical(data_digest(iris), data_digest(tibble::as_tibble(iris)))
  expect_identical(data_digest(data.frame(x = 1:3)), data_digest(data.frame(x = c(1L, 2L, 3L))))
  expect_false(identical(data_digest(iris), data_digest(iris[150:1, ])))
  latin <- "caf\xe9"
  Encoding(latin) <- "latin1"
  expect_identical(data_digest(data.frame(x = latin)), data_digest(data.frame(x = "caf\u00e9")))
  # In any session, and with any version.
  expect_identical(data_digest(data.frame(x = c(1.5, NA), y = c("a", "b"))), "f0f9b9b7")
})

test_that("what is no table is refused", {
  local_session()
  expect_error(mlflow_log_input(1:3), "must be a data frame or a matrix",
    class = "crateflow_error_invalid_input"
  )
})
