test_that("command lines are read", {
  expect_identical(
    command_params(c("--args", "--alpha", "0.5", "skipped", "--max-depth=3", "--name=a=b", "--last")),
    list(alpha = "0.5", max_depth = "3", name = "a=b")
  )
})

test_that("params have the type of their default or the one given", {
  expect_identical(mlflow_param("alpha", 0.5), 0.5)
  expect_identical(mlflow_param("n", 3L), 3L)
  expect_identical(mlflow_param("name", "x"), "x")
  expect_identical(mlflow_param("n", 3, type = "integer"), 3L)
  invalid <- "crateflow_error_invalid_input"
  expect_error(mlflow_param("n"), "At least one of `default` or `type` must be specified", class = invalid)
  expect_error(mlflow_param("n", type = "numeric"), "needs a value", class = invalid)
  expect_error(mlflow_param("n", 1, type = "date"), "must be one of", class = invalid)
})

test_that("a script gets its params, and a run it leaves open fails", {
  local_tracking()
  script <- withr::local_tempfile(fileext = ".R", lines = c(
    "crateflow::mlflow_start_run()",
    "crateflow::mlflow_log_param('alpha', crateflow::mlflow_param('alpha', 0.5))"
  ))
  expect_null(mlflow_source(script))
  expect_null(mlflow_active_run())
  experiment <- mlflow_search_runs(experiment_ids = "0", max_results = 1)
  expect_identical(experiment$status, "FAILED")
  expect_identical(experiment$params[[1]]$value, "0.5")
  expect_error(mlflow_source("no-such.R"), class = "crateflow_error_not_found")
})
