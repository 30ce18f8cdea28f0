# What people read when something is wrong, word by word.

test_that("arguments that do not fit are named, with what came", {
  local_session("http://127.0.0.1:9")
  expect_snapshot(error = TRUE, {
    mlflow_log_metric("rmse", "high")
    mlflow_log_metric("rmse", c(1, 2))
    mlflow_log_param(c("a", "b"), 1)
    mlflow_log_metrics(c(1, 2))
    mlflow_set_tags(list(a = 1:2))
    mlflow_log_batch(metrics = data.frame(key = "a", value = 1))
    mlflow_search_runs(max_results = "all")
    mlflow_start_run(log_system_metrics = NA)
    mlflow_register_model("model", 1)
    mlflow_load_model("models:/irises")
    mlflow_download_artifacts("../secret", run_id = "abc")
    mlflow_score("localhost:8090", iris)
    mlflow_log_figure(plot, "figure.bmp")
  })
})

test_that("what cannot be a model is refused with the way out", {
  expect_snapshot(error = TRUE, {
    mlflow_save_model(list(), tempfile())
    mlflow_save_model(lm(mpg ~ wt, mtcars), tempfile(), type = "prob")
    mlflow_save_model(crate(function(x) predict(fit, x)), tempfile())
    mlflow_save_model(iris_crate(), tempfile(), input_example = 1:3)
    crate(mean)
  })
})

test_that("states that do not allow a call are told", {
  local_session("http://127.0.0.1:9")
  session$runs <- "0123456789abcdef0123456789abcdef"
  expect_snapshot(error = TRUE, {
    mlflow_start_run()
    mlflow_delete_run("0123456789abcdef0123456789abcdef")
  })
  session$runs <- character()
  expect_snapshot(error = TRUE, {
    mlflow_end_run()
    mlflow_get_run()
    mlflow_get_experiment()
    mlflow_get_run(client = mlflow_client())
  })
})

test_that("a package that is missing is named, with how to install it", {
  expect_snapshot(error = TRUE, {
    abort_missing_packages("absent", "The crate needs", NULL)
    abort_missing_packages(c("one", "two"), "The model needs", NULL)
  })
})
