test_that("a crate is logged, noted with the run, registered, and loads again", {
  local_tracking()
  name <- unique_name("logged")
  fit <- stats::lm(Sepal.Width ~ Sepal.Length, iris)
  with(run <- mlflow_start_run(), {
    listing <- mlflow_log_model(
      iris_crate(), "deep/model",
      registered_model_name = name, input_example = head(iris["Sepal.Length"])
    )
  })
  expect_setequal(
    listing$path,
    file.path("deep/model", c(
      "MLmodel", "crate.bin", "input_example.json", "r_env.yaml", "renv.lock", "serving_input_example.json"
    ))
  )
  info <- attr(listing, "model_info")
  expect_identical(info$model_uri, paste0("runs:/", mlflow_id(run), "/deep/model"))
  expect_identical(info$registered_model_version, "1")
  tags <- mlflow_get_run(mlflow_id(run))$tags[[1]]
  history <- jsonlite::fromJSON(tags$value[tags$key == "mlflow.log-model.history"], simplifyVector = FALSE)
  expect_identical(history[[1]]$artifact_path, "deep/model")
  expect_identical(history[[1]]$model_uuid, info$model_uuid)

  mlflow_transition_model_version_stage(name, 1, "Production")
  mlflow_set_registered_model_alias(name, "champion", 1)
  uris <- c(
    info$model_uri, paste0("models:/", name, c("/1", "/Production", "/latest", "@champion")),
    mlflow_get_model_version_download_uri(name, 1)
  )
  for (uri in uris) {
    model <- mlflow_load_model(uri)
    expect_identical(mlflow_predict(model, iris), stats::predict(fit, iris))
  }
  spec <- read_spec(mlflow_download_artifacts(artifact_uri = uris[[2]]))
  expect_identical(spec$run_id, mlflow_id(run))
  expect_identical(spec$artifact_path, "deep/model")
})

test_that("a crate that is unfit leaves the run as it was", {
  local_tracking()
  with(run <- mlflow_start_run(), {
    mlflow_log_param("before", 1)
    unfit <- crate(function(x) predict(x))
    expect_error(mlflow_log_model(unfit, "model"), class = "crateflow_error_unfit_crate")
    expect_message(listing <- mlflow_list_artifacts())
  })
  expect_identical(nrow(listing), 0L)
  expect_identical(mlflow_get_run(mlflow_id(run))$params[[1]]$value, "1")
})

test_that("a server that does not note the model is only a warning", {
  local_session("http://server")
  local_answers(function(request) json_answer(list(error_code = "INTERNAL_ERROR", message = "no"), 500L))
  expect_warning(record_model(as_client(NULL), "r", list(flavors = list())), "did not note it",
    class = "crateflow_warning_model_not_noted"
  )
})

test_that("model addresses that lead nowhere are errors of their own", {
  local_tracking()
  name <- unique_name("empty")
  mlflow_create_registered_model(name)
  not_found <- c(
    paste0("models:/", name, "/1"), paste0("models:/", name, "/Production"), "models:/none-such/1",
    paste0("runs:/", strrep("0", 32), "/model"), "/no/such/folder"
  )
  for (uri in not_found) expect_error(mlflow_load_model(uri), class = "crateflow_error_not_found")
  for (uri in c("models:/", "models:/a/b/c", "runs:/", "models:/@x", "s3://bucket/model")) {
    expect_error(mlflow_load_model(uri), class = "crateflow_error_invalid_input")
  }
  expect_error(mlflow_load_model(paste0("models:/", name, "@none")), "none", class = "crateflow_error")
})
