#' Log files
#'
#' Files are streamed to the server; a folder is logged with all that is below it.
#'
#' @inheritParams mlflow_create_experiment
#' @param path A file or a folder. The contents of a folder go below `artifact_path`, without the name
#'   of the folder itself.
#' @param artifact_path Folder within the run's files; by default their root.
#' @param run_id By default the active run.
#' @returns The listing of the folder the files went to, see [mlflow_list_artifacts()], invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(), {
#'   file <- file.path(tempdir(), "iris.csv")
#'   write.csv(iris, file, row.names = FALSE)
#'   mlflow_log_artifact(file, "data")
#' })
mlflow_log_artifact <- function(path, artifact_path = NULL, run_id = NULL, client = NULL) {
  path <- check_string(path)
  if (!file.exists(path)) abort("There is no file or folder {.path {path}}.", "not_found")
  artifact_path <- check_artifact_path(artifact_path)
  run_id <- logging_run_id(run_id, client)
  client <- as_client(client)
  root <- run_artifact_root(client, run_id)
  if (dir.exists(path)) {
    files <- list.files(path, all.files = TRUE, recursive = TRUE)
    upload_files(root, file.path(path, files), join_path(artifact_path, files))
  } else {
    upload_files(root, path, join_path(artifact_path, basename(path)))
  }
  invisible(artifact_table(list_run_artifacts(client, run_id, artifact_path)$files))
}

#' @param local_dir A folder.
#' @rdname mlflow_log_artifact
#' @export
mlflow_log_artifacts <- function(local_dir, artifact_path = NULL, run_id = NULL, client = NULL) {
  if (!dir.exists(check_string(local_dir))) abort("There is no folder {.path {local_dir}}.", "not_found")
  mlflow_log_artifact(local_dir, artifact_path, run_id, client)
}

#' List the files of a run
#'
#' Also shows, as a message, the URI of the run's files: `Root URI: <uri>`.
#'
#' @inheritParams mlflow_create_experiment
#' @param path Folder within the run's files; by default their root.
#' @param run_id By default the active run.
#' @returns A tibble of `path` (from the root of the run's files), `is_dir` and `file_size` (bytes; NA
#'   for folders), of one level, without rows when there is nothing.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(run <- mlflow_start_run(), mlflow_log_text("irises", "notes.txt"))
#' mlflow_list_artifacts(run_id = mlflow_id(run))
mlflow_list_artifacts <- function(path = NULL, run_id = NULL, client = NULL) {
  path <- check_artifact_path(path)
  run_id <- resolve_run_id(run_id, client)
  answer <- list_run_artifacts(as_client(client), run_id, path)
  message("Root URI: ", answer$root_uri)
  artifact_table(answer$files)
}

list_run_artifacts <- function(client, run_id, path, call = rlang::caller_env()) {
  query <- list(run_id = run_id, run_uuid = run_id, path = path)
  answer <- list(files = list())
  repeat {
    page <- request_build(client, "GET", "artifacts/list", query = query) |>
      request_perform(call = call)
    answer <- list(root_uri = page$root_uri, files = c(answer$files, page$files))
    query$page_token <- page$next_page_token
    if (is.null(query$page_token)) return(answer)
  }
}

artifact_table <- function(files) {
  tibble::new_tibble(
    list(
      path = text_column(files, "path"),
      is_dir = vapply(files, function(x) isTRUE(x$is_dir), NA),
      file_size = number_column(files, "file_size")
    ),
    nrow = length(files)
  )
}

#' Download files of a run
#'
#' @inheritParams mlflow_create_experiment
#' @param path A file or a folder within the run's files; `""` for all of them.
#' @param run_id By default the active run.
#' @param artifact_uri In place of `path` and `run_id`, a URI such as `runs:/<run id>/data` or
#'   `models:/iris/Production`.
#' @param dst_path Folder to write to, which is made if it does not exist; by default a temporary one.
#' @returns Path of the downloaded file or folder.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(run <- mlflow_start_run(), mlflow_log_text("irises", "notes.txt"))
#' readLines(mlflow_download_artifacts("notes.txt", run_id = mlflow_id(run)))
mlflow_download_artifacts <- function(path = NULL, run_id = NULL, client = NULL,
                                      artifact_uri = NULL, dst_path = NULL) {
  if (is.null(path) == is.null(artifact_uri)) {
    abort("Exactly one of `path` and `artifact_uri` must be given.", "invalid_argument")
  }
  if (!is.null(artifact_uri)) {
    location <- locate_model(check_string(artifact_uri), client)
  } else {
    path <- check_artifact_path(check_string(path, empty = TRUE))
    run_id <- resolve_run_id(run_id, client)
    location <- list(root = run_artifact_root(as_client(client), run_id), path = path)
  }
  folder <- check_string(dst_path, null = TRUE) %||% tempfile("artifacts-")
  download(location$root, location$path, join_path(folder, last_part(location$path)))
}
