test_that("the tracking URI is the session's, else the environment's", {
  local_session()
  expect_identical(mlflow_get_tracking_uri(), "")
  withr::local_envvar(MLFLOW_TRACKING_URI = "http://from.environment")
  expect_identical(mlflow_get_tracking_uri(), "http://from.environment")
  expect_identical(expect_invisible(mlflow_set_tracking_uri("http://set/")), "http://set/")
  expect_identical(mlflow_client()$tracking_uri, "http://set")
})

test_that("without a server the message says how to start one", {
  local_session()
  expect_snapshot(error = TRUE, cran = TRUE, {
    mlflow_get_run("abc")
    mlflow_client("sqlite:///tracking.db")
    mlflow_client("file:///tmp/mlruns")
    mlflow_client("ftp://host")
    mlflow_client("localhost:5000")
    mlflow_client("http:/localhost")
    mlflow_client("databricks://profile")
  })
  expect_error(mlflow_client("mlruns"), class = "crateflow_error_no_server")
})

test_that("printing a client hides the password in its address", {
  expect_output(print(mlflow_client("http://me:secret@host:1")), "http://***@host:1", fixed = TRUE)
})

test_that("a client is checked", {
  expect_error(mlflow_get_run("abc", client = "http://host"), "must come from `mlflow_client\\(\\)`")
})
