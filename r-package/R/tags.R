#' Set or delete tags of a run
#'
#' `mlflow_log_tag()` is another name of `mlflow_set_tag()`.
#'
#' @inheritParams mlflow_create_experiment
#' @param key,value The tag; the value is stored as text and replaces an earlier one.
#' @param tags Named list or vector.
#' @param run_id By default the active run; when setting, one is started if there is none.
#' @returns NULL, invisibly; `mlflow_set_tags()` returns `tags`, invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(), {
#'   mlflow_set_tag("team", "botany")
#'   mlflow_set_tags(c(season = "spring", plot = "7"))
#'   mlflow_delete_tag("plot")
#' })
mlflow_set_tag <- function(key, value, run_id = NULL, client = NULL) {
  key <- check_string(key)
  value <- check_value(value)
  run_id <- logging_run_id(run_id, client)
  body <- list(run_id = run_id, run_uuid = run_id, key = key, value = value)
  request_build(as_client(client), "POST", "runs/set-tag", body = body) |>
    request_perform(idempotent = TRUE)
  invisible(NULL)
}

#' @rdname mlflow_set_tag
#' @export
mlflow_log_tag <- mlflow_set_tag

#' @rdname mlflow_set_tag
#' @export
mlflow_set_tags <- function(tags, run_id = NULL, client = NULL) {
  pairs <- check_tags(tags)
  log_in_batches(logging_run_id(run_id, client), client, tags = pairs)
  invisible(tags)
}

#' @rdname mlflow_set_tag
#' @export
mlflow_delete_tag <- function(key, run_id = NULL, client = NULL) {
  body <- list(run_id = resolve_run_id(run_id, client), key = check_string(key))
  request_build(as_client(client), "POST", "runs/delete-tag", body = body) |> request_perform()
  invisible(NULL)
}
