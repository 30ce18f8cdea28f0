test_that("a project is run, with parameters written plainly", {
  local_tracking()
  local_command()
  folder <- withr::local_tempdir()
  code <- "with(mlflow_start_run(), mlflow_log_param('used', mlflow_param('steps', 1)))"
  writeLines(c("library(crateflow)", code), file.path(folder, "train.R"))
  mlflow_set_experiment(unique_name("project")) |> suppressMessages()
  run_id <- mlflow_run(folder, "train.R", parameters = list(steps = 1e5), no_conda = TRUE) |>
    expect_invisible() |>
    suppressMessages()
  run <- mlflow_get_run(run_id)
  expect_identical(run$status, "FINISHED")
  expect_identical(run$experiment_id, session$experiment_id)
  params <- run$params[[1]]
  expect_identical(params$value[match(c("steps", "used"), params$key)], c("100000", "100000"))
})

test_that("what keeps a project from running is told", {
  local_tracking()
  local_command()
  none <- function() mlflow_run(withr::local_tempdir(), "none.R")
  expect_error(none(), "none[.]R", class = "crateflow_error_command_failed") |> suppressMessages()
  expect_error(mlflow_run(experiment_id = 1, experiment_name = "both"), "Only one of",
    class = "crateflow_error_invalid_input"
  )
  withr::local_envvar(CRATEFLOW_BIN = "/no/such/command")
  expect_error(mlflow_run("."), "is not found", class = "crateflow_error_no_command")
})

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
  expect_identical(mlflow_param("verbose", FALSE), FALSE)
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
