test_that("a run has the columns that scripts use", {
  local_tracking()
  before <- Sys.time()
  run <- with(mlflow_start_run(run_name = "first", tags = c(team = "botany")), {
    mlflow_log_metric("rmse", 1 / 3, step = 1e5, timestamp = 1.7e12)
    mlflow_log_param("depth", 3)
    mlflow_get_run()
  })
  expect_s3_class(run, c("mlflow_run", "tbl_df", "tbl", "data.frame"), exact = TRUE)
  expect_named(run, c(
    "run_uuid", "experiment_id", "run_name", "user_id", "status", "start_time", "end_time", "artifact_uri",
    "lifecycle_stage", "run_id", "metrics", "params", "tags"
  ))
  expect_identical(run$run_name, "first")
  expect_identical(run$status, "RUNNING")
  expect_s3_class(run$start_time, "POSIXct")
  # A start is rounded to milliseconds.
  expect_true(run$start_time >= before - 0.001 && run$start_time <= Sys.time() + 0.001)
  expect_true(is.na(run$end_time))
  expect_identical(run$metrics[[1]]$value, 1 / 3)
  expect_identical(run$metrics[[1]]$step, 1e5)
  expect_identical(as.numeric(run$metrics[[1]]$timestamp), 1.7e9)
  expect_identical(run$params[[1]], tibble::tibble(key = "depth", value = "3"))
  tags <- stats::setNames(run$tags[[1]]$value, run$tags[[1]]$key)
  expect_identical(tags[["team"]], "botany")
  expect_identical(tags[["mlflow.user"]], user_name())
  expect_identical(tags[["mlflow.source.type"]], "LOCAL")
})

test_that("a run without data has tibbles without rows", {
  local_tracking()
  run <- with(mlflow_start_run(), mlflow_get_run())
  expect_identical(nrow(run$metrics[[1]]), 0L)
  expect_identical(run$metrics[[1]]$key, character())
  expect_identical(nrow(run$params[[1]]), 0L)
})

test_that("runs are deleted and restored, but not while they are active", {
  local_tracking()
  run <- mlflow_start_run()
  expect_error(mlflow_delete_run(mlflow_id(run)), "Cannot delete an active run", class = "crateflow_error")
  mlflow_end_run()
  expect_invisible(mlflow_delete_run(mlflow_id(run)))
  expect_identical(mlflow_get_run(mlflow_id(run))$lifecycle_stage, "deleted")
  expect_error(mlflow_log_param("a", 1, run_id = mlflow_id(run)), "must be in the 'active' state")
  expect_identical(mlflow_restore_run(mlflow_id(run))$lifecycle_stage, "active")
})

test_that("searching finds all pages, in order, and only what fits", {
  local_tracking()
  id <- mlflow_create_experiment(unique_name("search"))
  for (i in 1:4) with(mlflow_start_run(experiment_id = id), mlflow_log_metric("m", i))
  runs <- mlflow_search_runs(experiment_ids = id, order_by = "metrics.m DESC")
  expect_identical(vapply(runs$metrics, function(m) m$value, 0), c(4, 3, 2, 1))
  expect_identical(nrow(mlflow_search_runs(experiment_ids = id, max_results = 3)), 3L)
  expect_identical(nrow(mlflow_search_runs("metrics.m > 2", experiment_ids = as.numeric(id))), 2L)
  none <- mlflow_search_runs("metrics.m > 9", experiment_ids = id)
  expect_identical(dim(none), c(0L, 13L))
  expect_identical(names(none), names(runs))
  infos <- mlflow_list_run_infos(experiment_id = as.numeric(id))
  expect_identical(dim(infos), c(4L, 10L))
  expect_error(mlflow_search_runs("no such filter!", experiment_ids = id),
    class = "crateflow_error_invalid_input"
  )
})

test_that("page tokens are followed to the end", {
  local_session("http://server")
  local_answers(function(request) {
    body <- jsonlite::fromJSON(rawToChar(request$body$data))
    page <- as.numeric(body$page_token %||% 1)
    run <- list(info = list(run_id = paste0("run", page), experiment_id = "7"))
    json_answer(compact(list(runs = list(run), next_page_token = if (page < 3) as.character(page + 1))))
  })
  expect_identical(mlflow_search_runs(experiment_ids = 7)$run_id, paste0("run", 1:3))
  expect_identical(mlflow_search_runs(experiment_ids = 7, max_results = 2)$run_id, paste0("run", 1:2))
})

test_that("what does not exist is an error of its own", {
  local_tracking()
  missing <- strrep("0", 32)
  expect_error(mlflow_get_run(missing), missing, class = "crateflow_error_not_found")
  expect_error(mlflow_delete_run(missing), class = "crateflow_error_not_found")
  expect_error(mlflow_id(1), "must be a run or an experiment", class = "crateflow_error_invalid_input")
})

test_that("runs are renamed, found in wide form, and know their parents", {
  local_tracking()
  name <- unique_name("wide")
  suppressMessages(mlflow_set_experiment(name))
  with(parent <- mlflow_start_run(), {
    mlflow_log_metric("rmse", 0.5)
    mlflow_log_param("depth", 3)
    with(child <- mlflow_start_run(nested = TRUE), mlflow_set_tag("fold", "1"))
    expect_identical(mlflow_id(mlflow_last_active_run()), mlflow_id(parent))
  })
  expect_identical(mlflow_id(mlflow_last_active_run()), mlflow_id(parent))
  expect_identical(mlflow_id(mlflow_get_parent_run(mlflow_id(child))), mlflow_id(parent))
  expect_null(mlflow_get_parent_run(mlflow_id(parent)))
  expect_identical(mlflow_update_run(mlflow_id(child), run_name = "new")$run_name, "new")
  expect_error(mlflow_update_run(mlflow_id(child)), "At least one", class = "crateflow_error_invalid_input")

  found <- mlflow_search_runs(experiment_names = name, wide = TRUE, order_by = "metrics.rmse ASC")
  expect_identical(found$run_id, c(mlflow_id(parent), mlflow_id(child)))
  expect_identical(found$metrics.rmse, c(0.5, NA))
  expect_identical(found$params.depth, c("3", NA))
  expect_identical(found$tags.fold, c(NA, "1"))
  expect_false(any(c("metrics", "params", "tags") %in% names(found)))
  expect_identical(nrow(mlflow_search_runs("params.depth = '9'", experiment_names = name, wide = TRUE)), 0L)
  expect_error(mlflow_search_runs(experiment_names = "no such"), class = "crateflow_error_not_found")
})
