#' Get a run
#'
#' @inheritParams mlflow_create_experiment
#' @param run_id Its id; by default the active run.
#' @returns A tibble of class `mlflow_run` with one row: `run_uuid`, `experiment_id`, `run_name`,
#'   `user_id`, `status`, `start_time` and `end_time` (POSIXct, NA while it runs), `artifact_uri`,
#'   `lifecycle_stage`, `run_id`, and the list columns `metrics` (tibbles of `key`, `value`,
#'   `timestamp`, `step`), `params` and `tags` (tibbles of `key` and `value`). A run without metrics,
#'   params or tags has a tibble without rows there.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(run <- mlflow_start_run(), mlflow_log_metric("rmse", 0.43))
#' mlflow_get_run(mlflow_id(run))$metrics[[1]]
mlflow_get_run <- function(run_id = NULL, client = NULL) {
  run_id <- resolve_run_id(run_id, client)
  run_table(list(get_run(as_client(client), run_id)))
}

get_run <- function(client, run_id, call = rlang::caller_env()) {
  request_build(client, "GET", "runs/get", query = list(run_id = run_id, run_uuid = run_id)) |>
    request_perform(call = call) |>
    getElement("run")
}

#' The run that a run is nested in
#'
#' @inheritParams mlflow_create_experiment
#' @param run_id By default the active run.
#' @returns The run, as [mlflow_get_run()] returns it; NULL when it is not nested.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(), {
#'   with(child <- mlflow_start_run(nested = TRUE), mlflow_log_param("fold", 1))
#' })
#' mlflow_get_parent_run(mlflow_id(child))
mlflow_get_parent_run <- function(run_id = NULL, client = NULL) {
  tags <- mlflow_get_run(run_id, client)$tags[[1]]
  parent <- tags$value[tags$key == "mlflow.parentRunId"]
  if (length(parent) > 0) mlflow_get_run(parent, client)
}

#' Delete or restore a run
#'
#' A deleted run is kept and comes back with `mlflow_restore_run()`.
#'
#' @inheritParams mlflow_create_experiment
#' @param run_id Its id.
#' @returns `mlflow_delete_run()` returns NULL, invisibly; `mlflow_restore_run()` the run as
#'   [mlflow_get_run()] does.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(run <- mlflow_start_run(), mlflow_log_param("depth", 3))
#' mlflow_delete_run(mlflow_id(run))
#' mlflow_restore_run(mlflow_id(run))
mlflow_delete_run <- function(run_id, client = NULL) {
  run_id <- check_id(run_id)
  if (run_id %in% session$runs) abort("Cannot delete an active run.", "conflict")
  request_build(as_client(client), "POST", "runs/delete", body = list(run_id = run_id)) |>
    request_perform(idempotent = TRUE)
  invisible(NULL)
}

#' @rdname mlflow_delete_run
#' @export
mlflow_restore_run <- function(run_id, client = NULL) {
  client <- as_client(client)
  run_id <- check_id(run_id)
  request_build(client, "POST", "runs/restore", body = list(run_id = run_id)) |>
    request_perform(idempotent = TRUE)
  mlflow_get_run(run_id, client)
}

#' Change the status or the name of a run
#'
#' @inheritParams mlflow_create_experiment
#' @param run_id By default the active run.
#' @param status `"RUNNING"`, `"SCHEDULED"`, `"FINISHED"`, `"FAILED"` or `"KILLED"`. The active run stays
#'   active; [mlflow_end_run()] ends it.
#' @param run_name Its new name.
#' @returns The run, as [mlflow_get_run()] returns it.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(run <- mlflow_start_run(), mlflow_log_param("depth", 3))
#' mlflow_update_run(mlflow_id(run), run_name = "three levels")
mlflow_update_run <- function(run_id = NULL, status = NULL, run_name = NULL, client = NULL) {
  status <- check_string(status, null = TRUE)
  run_name <- check_string(run_name, null = TRUE)
  if (is.null(status) && is.null(run_name)) {
    abort("At least one of `status` and `run_name` must be given.", "invalid_argument")
  }
  run_id <- resolve_run_id(run_id, client)
  update_run(as_client(client), run_id, status, run_name = run_name)
  mlflow_get_run(run_id, client)
}

update_run <- function(client, run_id, status = NULL, end_ms = NULL, run_name = NULL,
                       call = rlang::caller_env()) {
  body <- list(
    run_id = run_id, run_uuid = run_id, status = status, end_time = end_ms, run_name = run_name
  )
  request_build(client, "POST", "runs/update", body = body) |>
    request_perform(idempotent = TRUE, call = call)
}

#' Search runs
#'
#' @inheritParams mlflow_create_experiment
#' @param filter Such as `"metrics.rmse < 0.5 AND params.depth = '3' AND tags.team = 'botany'"`.
#' @param run_view_type Which to look at.
#' @param experiment_ids Ids of the experiments to look in; by default the active one.
#' @param order_by Texts such as `"metrics.rmse ASC"`; by default the newest runs come first.
#' @param max_results Largest number to return; by default all.
#' @param experiment_names Names of the experiments to look in, besides `experiment_ids`.
#' @param wide Whether to give each metric, param and tag a column of its own.
#' @returns A tibble of runs, one row each, with the columns of [mlflow_get_run()]. With `wide = TRUE`,
#'   in place of the last three: `metrics.<key>` (a number), `params.<key>` and `tags.<key>` (texts); NA
#'   where a run has none.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_search_runs("metrics.rmse < 0.5", experiment_ids = "0", order_by = "metrics.rmse ASC")
mlflow_search_runs <- function(filter = NULL,
                               run_view_type = c("ACTIVE_ONLY", "DELETED_ONLY", "ALL"),
                               experiment_ids = NULL, order_by = list(), client = NULL,
                               max_results = Inf, experiment_names = NULL, wide = FALSE) {
  run_view_type <- check_choice(run_view_type)
  limit <- check_number(max_results)
  check_flag(wide)
  if (!is.null(experiment_ids) || !is.null(experiment_names)) {
    ids <- c(
      lapply(experiment_ids, check_id, arg = "experiment_ids", call = environment()),
      lapply(check_texts(experiment_names), function(name) {
        mlflow_get_experiment(name = name, client = client)$experiment_id
      })
    )
  } else {
    ids <- list(resolve_experiment_id(NULL, client))
  }
  body <- list(
    experiment_ids = unname(ids),
    filter = check_string(filter, null = TRUE, empty = TRUE),
    run_view_type = run_view_type,
    order_by = check_texts(order_by)
  )
  runs <- run_table(search_pages(as_client(client), "runs/search", "runs", body, limit))
  if (wide) widen_runs(runs) else runs
}

widen_runs <- function(runs) {
  parts <- c("metrics", "params", "tags")
  columns <- lapply(parts, function(part) {
    tables <- runs[[part]]
    keys <- sort(unique(as.character(unlist(lapply(tables, `[[`, "key")))), method = "radix")
    missing <- if (part == "metrics") NA_real_ else NA_character_
    values <- lapply(keys, function(key) {
      vapply(tables, function(table) c(table$value[table$key == key], missing)[[1]], missing)
    })
    stats::setNames(values, paste0(part, ".", keys, recycle0 = TRUE))
  })
  plain <- as.list(runs)[setdiff(names(runs), parts)]
  tibble::new_tibble(c(plain, unlist(columns, recursive = FALSE)), nrow = nrow(runs))
}

#' List the runs of an experiment
#'
#' Kept for scripts written for MLflow 1; [mlflow_search_runs()] finds the data of the runs as well.
#'
#' @inheritParams mlflow_create_experiment
#' @inheritParams mlflow_search_runs
#' @param experiment_id By default the active experiment.
#' @returns A tibble with the columns of [mlflow_get_run()] up to `run_id`, one row for each run.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_list_run_infos(experiment_id = "0")
mlflow_list_run_infos <- function(run_view_type = c("ACTIVE_ONLY", "DELETED_ONLY", "ALL"),
                                  experiment_id = NULL, client = NULL) {
  run_view_type <- check_choice(run_view_type)
  body <- list(
    experiment_ids = list(resolve_experiment_id(experiment_id, client)),
    run_view_type = run_view_type
  )
  runs <- run_table(search_pages(as_client(client), "runs/search", "runs", body))
  infos <- setdiff(names(runs), c("metrics", "params", "tags"))
  tibble::new_tibble(as.list(runs)[infos], nrow = nrow(runs))
}

#' The id of a run or an experiment
#'
#' @param object From [mlflow_start_run()], [mlflow_get_run()] or [mlflow_get_experiment()].
#' @returns The id, a text.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_id(mlflow_get_experiment("0"))
mlflow_id <- function(object) {
  UseMethod("mlflow_id")
}

#' @export
mlflow_id.mlflow_run <- function(object) {
  object$run_id
}

#' @export
mlflow_id.mlflow_experiment <- function(object) {
  object$experiment_id
}

#' @export
mlflow_id.default <- function(object) {
  abort("{.arg object} must be a run or an experiment, not {describe(object)}.", "invalid_argument")
}

run_table <- function(runs) {
  infos <- lapply(runs, `[[`, "info")
  ids <- vapply(infos, function(x) x$run_id %||% x$run_uuid, "")
  tibble::new_tibble(
    list(
      run_uuid = ids,
      experiment_id = text_column(infos, "experiment_id"),
      run_name = text_column(infos, "run_name"),
      user_id = text_column(infos, "user_id"),
      status = text_column(infos, "status"),
      start_time = time_column(infos, "start_time"),
      end_time = time_column(infos, "end_time"),
      artifact_uri = text_column(infos, "artifact_uri"),
      lifecycle_stage = text_column(infos, "lifecycle_stage"),
      run_id = ids,
      metrics = lapply(runs, function(x) metric_table(x$data$metrics)),
      params = lapply(runs, function(x) pair_table(x$data$params)),
      tags = lapply(runs, function(x) pair_table(x$data$tags))
    ),
    nrow = length(runs),
    class = "mlflow_run"
  )
}
