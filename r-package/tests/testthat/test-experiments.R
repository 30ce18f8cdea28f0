test_that("an experiment is created, found, tagged and renamed", {
  local_tracking()
  name <- unique_name("irises")
  id <- mlflow_create_experiment(name, tags = list(team = "botany"))
  expect_type(id, "character")

  found <- mlflow_get_experiment(name = name)
  expect_s3_class(found, c("mlflow_experiment", "tbl_df", "tbl", "data.frame"), exact = TRUE)
  expect_named(found, c(
    "experiment_id", "name", "artifact_location", "lifecycle_stage", "last_update_time", "creation_time",
    "tags"
  ))
  expect_identical(mlflow_id(found), id)
  expect_identical(found$tags[[1]], tibble::tibble(key = "team", value = "botany"))

  expect_null(expect_invisible(mlflow_set_experiment_tag("season", "spring", id)))
  expect_setequal(mlflow_get_experiment(id)$tags[[1]]$key, c("team", "season"))
  mlflow_delete_experiment_tag("season", id)
  expect_identical(mlflow_get_experiment(id)$tags[[1]]$key, "team")

  renamed <- unique_name("flowers")
  expect_invisible(mlflow_rename_experiment(renamed, id))
  expect_identical(mlflow_get_experiment(id)$name, renamed)
})

test_that("an experiment without tags has a tibble without rows", {
  local_tracking()
  id <- mlflow_create_experiment(unique_name("bare"))
  expect_identical(
    mlflow_get_experiment(id)$tags[[1]],
    tibble::tibble(key = character(), value = character())
  )
})

test_that("setting an experiment creates it once, and runs go there", {
  local_tracking()
  name <- unique_name("set")
  expect_message(id <- mlflow_set_experiment(name), "does not exist. Creating a new experiment")
  expect_silent(again <- mlflow_set_experiment(name))
  expect_identical(again, id)
  expect_identical(mlflow_get_experiment()$name, name)
  with(run <- mlflow_start_run(), NULL)
  expect_identical(run$experiment_id, id)
  expect_error(mlflow_delete_experiment(id), "Cannot delete an active experiment",
    class = "crateflow_error_conflict"
  )
  expect_identical(mlflow_set_experiment(experiment_id = as.numeric(id)), id)
})

test_that("an experiment may be named by the environment", {
  local_tracking()
  name <- unique_name("environment")
  id <- mlflow_create_experiment(name)
  withr::local_envvar(MLFLOW_EXPERIMENT_ID = "0")
  expect_identical(mlflow_id(mlflow_get_experiment()), "0")
  withr::local_envvar(MLFLOW_EXPERIMENT_NAME = name)
  expect_identical(mlflow_id(mlflow_get_experiment()), id)
})

test_that("a deleted experiment cannot be set and comes back", {
  local_tracking()
  name <- unique_name("deleted")
  id <- mlflow_create_experiment(name)
  mlflow_delete_experiment(id)
  expect_identical(mlflow_get_experiment(id)$lifecycle_stage, "deleted")
  expect_error(mlflow_set_experiment(name), "mlflow_restore_experiment", class = "crateflow_error_conflict")
  mlflow_restore_experiment(id)
  expect_identical(mlflow_set_experiment(name), id)
})

test_that("experiments are searched page by page, or listed", {
  local_tracking()
  prefix <- unique_name("search")
  for (i in 1:3) mlflow_create_experiment(paste0(prefix, "-", i))
  filter <- paste0("name LIKE '", prefix, "%'")
  first <- mlflow_search_experiments(filter, "ACTIVE", max_results = 2, order_by = "name ASC")
  expect_identical(first$experiments$name, paste0(prefix, "-", 1:2))
  rest <- mlflow_search_experiments(filter, order_by = "name ASC", page_token = first$next_page_token)
  expect_identical(rest$experiments$name, paste0(prefix, "-3"))
  expect_null(rest$next_page_token)
  expect_null(mlflow_search_experiments(paste0("name = '", prefix, "'")))
  expect_true(all(paste0(prefix, "-", 1:3) %in% mlflow_list_experiments()$name))
})

test_that("what does not exist or is there twice is an error of its own", {
  local_tracking()
  expect_error(mlflow_get_experiment("999999"), class = "crateflow_error_not_found")
  expect_error(mlflow_get_experiment(name = "none such"), "none such", class = "crateflow_error_not_found")
  expect_error(mlflow_set_experiment(experiment_id = "999999"), class = "crateflow_error_not_found")
  name <- unique_name("twice")
  mlflow_create_experiment(name)
  expect_error(mlflow_create_experiment(name), "RESOURCE_ALREADY_EXISTS",
    class = "crateflow_error_already_exists"
  )
  expect_error(
    mlflow_get_experiment(), "`experiment_id` must be specified when there is no active experiment",
    class = "crateflow_error_no_active_experiment"
  )
  expect_error(mlflow_get_experiment("0", "Default"), "Only one of")
  expect_error(mlflow_set_experiment(), "Exactly one of")
})
