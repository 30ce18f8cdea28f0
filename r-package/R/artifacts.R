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

#' Log a text or a list as file
#'
#' @inheritParams mlflow_log_artifact
#' @param text Lines.
#' @param x A list: written as YAML if `artifact_file` ends in `.yaml` or `.yml`, else as JSON.
#' @param artifact_file Path of the file within the run's files.
#' @returns `artifact_file`, invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(), {
#'   mlflow_log_text("Fitted on 150 irises.", "notes.txt")
#'   mlflow_log_dict(list(levels = levels(iris$Species)), "species.json")
#' })
mlflow_log_text <- function(text, artifact_file, run_id = NULL, client = NULL) {
  if (!is.character(text)) abort("{.arg text} must be text, not {describe(text)}.", "invalid_argument")
  log_content(paste0(as_utf8(text), "\n"), artifact_file, run_id, client)
}

#' @rdname mlflow_log_text
#' @export
mlflow_log_dict <- function(x, artifact_file, run_id = NULL, client = NULL) {
  if (!is.list(x) || is.data.frame(x)) {
    abort("{.arg x} must be a list, not {describe(x)}.", "invalid_argument")
  }
  text <- if (grepl("[.]ya?ml$", artifact_file)) {
    to_yaml(x)
  } else {
    jsonlite::prettify(to_json(x), indent = 2)
  }
  log_content(text, artifact_file, run_id, client)
}

log_content <- function(text, artifact_file, run_id, client, call = rlang::caller_env()) {
  artifact_file <- check_artifact_path(check_string(artifact_file, call = call), call = call)
  run_id <- logging_run_id(run_id, client, call)
  local <- withr::local_tempfile()
  write_utf8(paste(text, collapse = ""), local)
  upload_files(run_artifact_root(as_client(client), run_id, call), local, artifact_file, call)
  invisible(artifact_file)
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
      path = vapply(files, function(x) x$path, ""),
      is_dir = vapply(files, function(x) isTRUE(x$is_dir), NA),
      file_size = vapply(files, function(x) as_number(x$file_size), 0)
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

# Where files are kept -------------------------------------------------------------------------------

#' Understand the URI of a place where files are kept
#'
#' @returns A list of class `artifact_root_proxy` (files behind the tracking server) or
#'   `artifact_root_local` (a folder of this machine).
#' @noRd
artifact_root <- function(uri, client, call = rlang::caller_env()) {
  if (grepl("^mlflow-artifacts:", uri)) {
    authority <- regmatches(uri, regexec("^mlflow-artifacts://([^/]+)", uri))[[1]][2]
    if (!is.na(authority)) {
      client$tracking_uri <- sub("^(https?://).*", paste0("\\1", authority), client$tracking_uri)
    }
    path <- sub("^mlflow-artifacts:(//[^/]*)?/*", "", uri)
    return(structure(list(path = path, client = client), class = "artifact_root_proxy"))
  }
  if (grepl("^(file:|/)", uri)) {
    path <- utils::URLdecode(sub("^file:(//)?", "", uri))
    return(structure(list(path = path), class = "artifact_root_local"))
  }
  scheme <- sub(":.*", "", uri)
  abort(
    c(
      "Files at '{scheme}:' addresses cannot be reached from R.",
      i = "Let the server pass them on: start it with {.code --serve-artifacts}."
    ),
    "invalid_argument",
    call = call
  )
}

run_artifact_root <- function(client, run_id, call = rlang::caller_env()) {
  artifact_root(get_run(client, run_id, call)$info$artifact_uri, client, call)
}

upload_files <- function(root, files, paths, call = rlang::caller_env()) {
  for (i in seq_along(files)) upload_file(root, files[[i]], paths[[i]], call)
}

upload_file <- function(root, file, path, call) UseMethod("upload_file")

# Entries of one folder: names without the folder, and which are folders themselves.
list_files <- function(root, path, call) UseMethod("list_files")

fetch_file <- function(root, path, destination, call) UseMethod("fetch_file")

#' @export
upload_file.artifact_root_proxy <- function(root, file, path, call) {
  request_build(root$client, "PUT", proxy_endpoint(root, path), file = file) |>
    request_perform(call = call)
}

#' @export
list_files.artifact_root_proxy <- function(root, path, call) {
  query <- list(path = join_path(root$path, path))
  answer <- request_build(root$client, "GET", proxy_endpoint(), query = query) |>
    request_perform(call = call)
  list(
    name = vapply(answer$files, function(x) last_part(x$path), ""),
    is_dir = vapply(answer$files, function(x) isTRUE(x$is_dir), NA)
  )
}

#' @export
fetch_file.artifact_root_proxy <- function(root, path, destination, call) {
  request_build(root$client, "GET", proxy_endpoint(root, path)) |>
    request_perform(path = destination, call = call)
  # An empty answer makes no file.
  if (!file.exists(destination)) file.create(destination)
}

proxy_endpoint <- function(root = NULL, path = NULL) {
  endpoint <- "/api/2.0/mlflow-artifacts/artifacts"
  if (is.null(root)) return(endpoint)
  paste0(endpoint, "/", percent_encode_path(join_path(root$path, path)))
}

#' @export
upload_file.artifact_root_local <- function(root, file, path, call) {
  target <- join_path(root$path, path)
  dir.create(dirname(target), recursive = TRUE, showWarnings = FALSE)
  if (!file.copy(file, target, overwrite = TRUE)) {
    abort(
      c(
        "{.path {target}} cannot be written.",
        i = "The run keeps its files in a folder; is it one of this machine?"
      ),
      "unavailable",
      call = call
    )
  }
}

#' @export
list_files.artifact_root_local <- function(root, path, call) {
  folder <- join_path(root$path, path)
  names <- list.files(folder, all.files = TRUE, no.. = TRUE)
  list(name = names, is_dir = dir.exists(file.path(folder, names)))
}

#' @export
fetch_file.artifact_root_local <- function(root, path, destination, call) {
  source <- join_path(root$path, path)
  if (!file.exists(source)) abort("No such artifact: {.path {source}}.", "not_found", call = call)
  file.copy(source, destination, overwrite = TRUE)
}

#' Download a file, or a folder with all below it
#'
#' @param path Within `root`.
#' @param destination Path of the file or folder to make.
#' @returns `destination`
#' @noRd
download <- function(root, path, destination, call = rlang::caller_env()) {
  destination <- as_native_path(destination)
  entries <- list_files(root, path, call)
  if (length(entries$name) == 0 && nzchar(path)) {
    # Not a folder: stores do not keep empty ones. Under another name until it is complete.
    dir.create(dirname(destination), recursive = TRUE, showWarnings = FALSE)
    part <- paste0(destination, ".part")
    on.exit(unlink(part))
    fetch_file(root, path, part, call)
    file.rename(part, destination)
    return(destination)
  }
  dir.create(destination, recursive = TRUE, showWarnings = FALSE)
  for (name in entries$name) {
    # A name is one the server made up: it must stay below the destination.
    check_artifact_path(name, call = call)
    download(root, join_path(path, name), file.path(destination, name), call)
  }
  destination
}

# `NULL` and `""` mean the root.
check_artifact_path <- function(path, arg = rlang::caller_arg(path), call = rlang::caller_env()) {
  path <- check_string(path, null = TRUE, empty = TRUE, arg = arg, call = call) %||% ""
  path <- sub("/+$", "", path)
  parts <- strsplit(path, "/", fixed = TRUE)[[1]]
  if (any(parts %in% c("", ".", "..")) || grepl("\\\\|[[:cntrl:]]|^[A-Za-z][A-Za-z0-9+.-]*:", path)) {
    abort(
      c(
        "Invalid path {encodeString(path, quote = '\"')} for a run's file.",
        i = "It must be relative, with forward slashes, and must not leave the run's folder."
      ),
      "invalid_argument",
      call = call
    )
  }
  path
}

join_path <- function(folder, path) {
  separator <- ifelse(nzchar(folder) & nzchar(path) & !endsWith(folder, "/"), "/", "")
  paste0(folder, separator, path)
}

# Like basename(), which fails on names that the locale cannot show.
last_part <- function(path) {
  sub("^.*/", "", path)
}
