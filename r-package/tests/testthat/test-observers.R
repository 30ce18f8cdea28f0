test_that("observers hear of what is tracked, and cannot disturb it", {
  local_tracking()
  events <- character()
  heard <- list()
  withr::local_options(MLflowObservers = NULL)
  mlflow_register_external_observer(list(register_tracking_event = function(event_name, data) stop("broken")))
  mlflow_register_external_observer(list(register_tracking_event = function(event_name, data) {
    events <<- c(events, event_name)
    heard[[event_name]] <<- data
  }))
  with(run <- mlflow_start_run(), {
    mlflow_log_param("depth", 3)
    mlflow_log_metric("rmse", 0.5)
    mlflow_set_tag("team", "botany")
  })
  expect_identical(
    events, c("create_run", "active_run_id", "log_param", "log_metric", "set_tag", "set_terminated")
  )
  expect_identical(heard$create_run$run_id, mlflow_id(run))
  expect_identical(heard$log_metric$value, 0.5)
  expect_identical(heard$set_terminated$status, "FINISHED")
  expect_error(mlflow_register_external_observer(1), "register_tracking_event",
    class = "crateflow_error_invalid_input"
  )
})
