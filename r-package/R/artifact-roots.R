# Where the files of runs are kept: behind the tracking server, or in a folder of this machine.

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
  # The bar appears after some seconds.
  positions <- if (interactive()) cli::cli_progress_along(files, "Uploading files") else seq_along(files)
  for (i in positions) upload_file(root, files[[i]], paths[[i]], call)
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
