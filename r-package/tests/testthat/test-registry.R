# A run with a file to register, as URI.
something <- function() {
  run <- mlflow_start_run(nested = TRUE)
  mlflow_log_text("x", "model/notes.txt")
  mlflow_end_run()
  list(uri = paste0("runs:/", mlflow_id(run), "/model"), run_id = mlflow_id(run))
}

test_that("a registered model is created, described, renamed, tagged and deleted", {
  local_tracking()
  name <- unique_name("irises")
  created <- mlflow_create_registered_model(name, tags = list(team = "botany"), description = "first")
  expect_identical(created$name, name)
  expect_identical(created$tags, list(list(key = "team", value = "botany")))
  expect_error(mlflow_create_registered_model(name), class = "crateflow_error_already_exists")

  expect_identical(mlflow_update_registered_model(name, "second")$description, "second")
  expect_invisible(mlflow_set_registered_model_tag(name, "reviewed", "yes"))
  keys <- vapply(mlflow_get_registered_model(name)$tags, `[[`, "", "key")
  expect_setequal(keys, c("team", "reviewed"))
  mlflow_delete_registered_model_tag(name, "reviewed")
  expect_length(mlflow_get_registered_model(name)$tags, 1)

  renamed <- unique_name("flowers")
  expect_identical(mlflow_rename_registered_model(name, renamed)$name, renamed)
  expect_error(mlflow_get_registered_model(name), class = "crateflow_error_not_found")
  expect_invisible(mlflow_delete_registered_model(renamed))
  expect_error(mlflow_delete_registered_model(renamed), class = "crateflow_error_not_found")
})

test_that("registered models are searched page by page", {
  local_tracking()
  prefix <- unique_name("search")
  for (i in 1:3) mlflow_create_registered_model(paste0(prefix, i))
  filter <- paste0("name LIKE '", prefix, "%'")
  first <- mlflow_search_registered_models(filter, max_results = 2, order_by = "name DESC")
  expect_identical(vapply(first$registered_models, `[[`, "", "name"), paste0(prefix, 3:2))
  rest <- mlflow_search_registered_models(filter, order_by = "name DESC", page_token = first$next_page_token)
  expect_length(rest$registered_models, 1)
  expect_null(rest$next_page_token)
  expect_identical(mlflow_search_registered_models("name = 'none'")$registered_models, list())
})

test_that("a version is registered, and its model with it", {
  local_tracking()
  name <- unique_name("registered")
  model <- something()
  version <- mlflow_register_model(model$uri, name, tags = list(a = "b"), description = "one")
  expect_identical(version$version, "1")
  expect_identical(version$run_id, model$run_id)
  expect_identical(version$current_stage, "None")
  expect_identical(mlflow_register_model(model$uri, name)$version, "2")
  found <- mlflow_get_model_version(name, 1)
  expect_identical(found$description, "one")
  expect_identical(found$tags, list(list(key = "a", value = "b")))
  expect_match(mlflow_get_model_version_download_uri(name, 1), "/artifacts/model$")
  expect_identical(mlflow_update_model_version(name, 2, "two")$description, "two")
  expect_invisible(mlflow_delete_model_version(name, 2))
  expect_error(mlflow_get_model_version(name, 2), class = "crateflow_error_not_found")
  expect_identical(mlflow_register_model(model$uri, name)$version, "3")
})

test_that("a version is created with all that is given", {
  local_tracking()
  name <- unique_name("created")
  mlflow_create_registered_model(name)
  model <- something()
  version <- mlflow_create_model_version(
    name, model$uri,
    run_id = model$run_id, tags = c(a = "b"), run_link = "http://elsewhere", description = "one"
  )
  expect_identical(version$source, model$uri)
  expect_identical(version$tags, list(list(key = "a", value = "b")))
  expect_identical(version$run_link, "http://elsewhere")
  expect_error(mlflow_create_model_version("none-such", model$uri, model$run_id),
    class = "crateflow_error_not_found"
  )
  expect_error(
    mlflow_create_model_version(name, "/etc", model$run_id),
    class = "crateflow_error_invalid_input"
  )
})

test_that("versions move through stages", {
  local_tracking()
  name <- unique_name("staged")
  model <- something()
  mlflow_register_model(model$uri, name)
  mlflow_register_model(model$uri, name)
  expect_identical(mlflow_transition_model_version_stage(name, 1, "Production")$current_stage, "Production")
  mlflow_transition_model_version_stage(name, "2", "production", archive_existing_versions = TRUE)
  expect_identical(mlflow_get_model_version(name, 1)$current_stage, "Archived")
  latest <- mlflow_get_latest_versions(name, c("Production", "Archived"))
  expect_setequal(vapply(latest, `[[`, "", "version"), c("1", "2"))
  expect_length(mlflow_get_latest_versions(name), 2)
  expect_null(mlflow_get_latest_versions(name, "Staging"))
  expect_error(mlflow_transition_model_version_stage(name, 1, "Nowhere"), "Nowhere",
    class = "crateflow_error_invalid_input"
  )
  expect_error(mlflow_transition_model_version_stage(name, 9, "Staging"), class = "crateflow_error_not_found")

  mlflow_set_model_version_tag(name, key = "reviewed", value = "yes", stage = "Production")
  expect_identical(mlflow_get_model_version(name, 2)$tags, list(list(key = "reviewed", value = "yes")))
  mlflow_delete_model_version_tag(name, 2, "reviewed")
  expect_null(mlflow_get_model_version(name, 2)$tags)
  expect_error(mlflow_set_model_version_tag(name, key = "a", value = "b"), "version or stage must be set")
})

test_that("versions are searched", {
  local_tracking()
  name <- unique_name("versions")
  model <- something()
  for (i in 1:3) mlflow_register_model(model$uri, name)
  found <- mlflow_search_model_versions(
    paste0("name = '", name, "'"),
    max_results = 2, order_by = "version_number ASC"
  )
  expect_identical(found$model_versions$version, c("1", "2"))
  expect_type(found$next_page_token, "character")
  expect_identical(nrow(mlflow_search_model_versions("name = 'none'")$model_versions), 0L)
})

test_that("aliases point at versions and move", {
  local_tracking()
  name <- unique_name("aliased")
  model <- something()
  for (i in 1:2) mlflow_register_model(model$uri, name)
  expect_invisible(mlflow_set_registered_model_alias(name, "champion", 1))
  expect_identical(mlflow_get_model_version_by_alias(name, "champion")$version, "1")
  mlflow_set_registered_model_alias(name, "champion", "2")
  expect_identical(mlflow_get_model_version_by_alias(name, "champion")$version, "2")
  mlflow_delete_registered_model_alias(name, "champion")
  expect_error(mlflow_get_model_version_by_alias(name, "champion"), "champion", class = "crateflow_error")
  expect_error(mlflow_set_registered_model_alias(name, "champion", 9), class = "crateflow_error_not_found")
})

test_that("models can be registered with another server than runs are tracked with", {
  registry <- local_tracking()
  local_command()
  tracker <- mlflow_server(withr::local_tempdir(), port = 0, workers = 1)
  withr::defer(tracker$stop())
  mlflow_set_tracking_uri(tracker$server_url)
  expect_identical(mlflow_get_registry_uri(), tracker$server_url)
  withr::local_envvar(MLFLOW_REGISTRY_URI = "http://elsewhere:1")
  expect_identical(mlflow_get_registry_uri(), "http://elsewhere:1")
  mlflow_set_registry_uri(registry)
  expect_identical(mlflow_get_registry_uri(), registry)
  mlflow_set_registry_uri(NULL)
  expect_identical(mlflow_get_registry_uri(), "http://elsewhere:1")
  mlflow_set_registry_uri(registry)

  name <- unique_name("elsewhere")
  with(run <- mlflow_start_run(), mlflow_log_param("depth", 3))
  version <- mlflow_register_model("s3://bucket/model", name, run_id = mlflow_id(run))
  here <- mlflow_client(registry)
  expect_identical(mlflow_get_model_version(name, version$version, here)$source, "s3://bucket/model")
  there <- mlflow_client(tracker$server_url)
  expect_error(mlflow_get_registered_model(name, there), class = "crateflow_error_not_found")
  expect_identical(mlflow_get_run(mlflow_id(run), there)$params[[1]]$value, "3")
  expect_error(mlflow_get_run(mlflow_id(run), here), class = "crateflow_error_not_found")
})
