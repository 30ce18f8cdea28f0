test_that("a shared run is known to the processes started from here, until it ends", {
  uri <- local_tracking()
  with(run <- mlflow_start_run(), {
    expect_identical(mlflow_share_run(), mlflow_id(run))
    expect_identical(Sys.getenv("MLFLOW_RUN_ID"), mlflow_id(run))
    expect_identical(Sys.getenv("MLFLOW_TRACKING_URI"), uri)
    run_r("library(crateflow); with(mlflow_start_run(), mlflow_log_param('depth', 3))")
  })
  expect_identical(mlflow_get_run(mlflow_id(run))$params[[1]]$value, "3")
  expect_identical(Sys.getenv("MLFLOW_RUN_ID"), "")
  expect_error(mlflow_share_run(), class = "crateflow_error_no_active_run")
})

test_that("what others put into the environment stays there", {
  local_tracking()
  with(run <- mlflow_start_run(), mlflow_log_param("depth", 3))
  withr::local_envvar(MLFLOW_RUN_ID = mlflow_id(run))
  with(again <- mlflow_start_run(), mlflow_log_param("cp", 0.1))
  expect_identical(mlflow_id(again), mlflow_id(run))
  expect_identical(Sys.getenv("MLFLOW_RUN_ID"), mlflow_id(run))
})

test_that("a Python within this process hears of it", {
  skip_if_not_installed("reticulate")
  uri <- local_tracking()
  # In a process of its own: a Python stays.
  said <- run_r(
    c(
      "library(crateflow)",
      "os <- reticulate::import('os')",
      "invisible(mlflow_start_run())",
      "run_id <- mlflow_share_run()",
      "cat(identical(os$getenv('MLFLOW_RUN_ID'), run_id), os$getenv('MLFLOW_TRACKING_URI'), '\\n')",
      "invisible(mlflow_end_run())",
      "cat(is.null(os$getenv('MLFLOW_RUN_ID')), '\\n')",
      "os$environ$update(list(MLFLOW_RUN_ID = run_id))",
      "cat(identical(mlflow_id(mlflow_start_run()), run_id))"
    ),
    c(MLFLOW_TRACKING_URI = uri, RETICULATE_PYTHON = file.path(dirname(crateflow_command()), "python"))
  )
  expect_identical(trimws(said), c(paste("TRUE", uri), "TRUE", "TRUE"))
})
