#' Find out where a model is kept
#'
#' @param uri `runs:/<run id>/<path>`, `models:/<name>/<version, stage or latest>`,
#'   `models:/<name>@<alias>`, `mlflow-artifacts:/<path>`, `file:<path>` or a path.
#' @returns A list of `root` (see `artifact_root()`) and `path` within it.
#' @noRd
locate_model <- function(uri, client, call = rlang::caller_env()) {
  if (grepl("^runs:", uri)) {
    place <- parse_run_uri(uri, call)
    root <- run_artifact_root(as_client(client, call), place$run_id, call)
    return(list(root = root, path = place$path))
  }
  if (grepl("^models:", uri)) {
    version <- find_model_version(uri, client, call)
    source <- model_version_source(as_registry_client(client, call), version$name, version$version, call)
    if (grepl("^models:", source)) abort_model_uri(source, call)
    return(locate_model(source, client, call))
  }
  if (grepl("^mlflow-artifacts:", uri)) {
    root <- artifact_root(uri, as_client(client, call), call)
  } else if (grepl("^(file:|/)", uri) || !grepl("^[a-z0-9+]{2,}:", uri)) {
    path <- sub("^file:(//)?", "", uri)
    if (!file.exists(path)) abort_no_model(path, call)
    root <- artifact_root(normalizePath(path), NULL, call)
  } else {
    root <- artifact_root(uri, NULL, call)
  }
  path <- last_part(root$path)
  root$path <- sub("[^/]*$", "", root$path)
  list(root = root, path = path)
}

# The run and the path that `runs:/<run id>/<path>` names.
parse_run_uri <- function(uri, call = rlang::caller_env()) {
  parts <- regmatches(uri, regexec("^runs:/+([^/]+)/*(.*)$", uri))[[1]]
  if (length(parts) == 0) abort_model_uri(uri, call)
  list(run_id = parts[[2]], path = check_artifact_path(parts[[3]], arg = "uri", call = call))
}

#' Resolve a model URI to a folder of this machine
#'
#' @param destination Folder to download to where that is needed.
#' @returns Path of the model's folder.
#' @noRd
fetch_model <- function(uri, client, destination, call = rlang::caller_env()) {
  location <- locate_model(uri, client, call)
  if (inherits(location$root, "artifact_root_local")) {
    folder <- join_path(location$root$path, location$path)
    if (!file.exists(folder)) abort_no_model(folder, call)
    return(folder)
  }
  download(location$root, location$path, destination, call)
}

#' The version of a registered model that a `models:` URI means
#'
#' @returns A list of `name` and `version`.
#' @noRd
find_model_version <- function(uri, client, call = rlang::caller_env()) {
  rest <- sub("^models:/+", "", uri)
  client <- as_registry_client(client, call)
  if (grepl("@", rest, fixed = TRUE) && !grepl("/", rest, fixed = TRUE)) {
    name <- sub("@[^@]*$", "", rest)
    alias <- sub("^.*@", "", rest)
    if (!nzchar(name) || !nzchar(alias)) abort_model_uri(uri, call)
    return(get_version_by_alias(client, name, alias, call))
  }
  parts <- strsplit(rest, "/", fixed = TRUE)[[1]]
  if (length(parts) != 2 || !all(nzchar(parts))) abort_model_uri(uri, call)
  if (grepl("^[0-9]+$", parts[[2]])) return(list(name = parts[[1]], version = parts[[2]]))
  stages <- if (tolower(parts[[2]]) != "latest") parts[[2]]
  versions <- latest_versions(client, parts[[1]], stages, call)
  if (length(versions) == 0) {
    abort("No versions of model with name '{parts[[1]]}' and stage '{parts[[2]]}' found.", "not_found",
      call = call
    )
  }
  numbers <- vapply(versions, function(version) as.numeric(version$version), 0)
  versions[[which.max(numbers)]]
}

abort_no_model <- function(path, call) {
  abort(
    c(
      "There is no model at {.path {path}}.",
      i = paste(
        "One of the registry is {.code models:/<name>/<version or stage>}, one of a run",
        "{.code runs:/<run id>/<path>}."
      )
    ),
    "not_found",
    call = call
  )
}

abort_model_uri <- function(uri, call) {
  abort(
    c(
      "Not a proper model URI: '{uri}'.",
      i = paste(
        "Write {.code runs:/<run id>/<path>}, {.code models:/<name>/<version or stage>} or",
        "{.code models:/<name>@<alias>}."
      )
    ),
    "invalid_argument",
    call = call
  )
}
