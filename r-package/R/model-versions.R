#' Versions of registered models
#'
#' Create, look at, describe and delete versions. [mlflow_register_model()] also creates the registered
#' model where there is none.
#'
#' @inheritParams mlflow_create_experiment
#' @param name Name of the registered model.
#' @param source Where the model's files are, such as `runs:/<run id>/model`.
#' @param run_id The run it comes from.
#' @param tags Named list or vector.
#' @param run_link Address of that run, when another server tracks it.
#' @param description What it is.
#' @param version Its number, as text or number.
#' @returns The version, a list of class `mlflow_model_version` of `name`, `version` (a text),
#'   `creation_timestamp`, `last_updated_timestamp`, `current_stage`, `description`, `source`, `run_id`,
#'   `status`, `run_link` and, where there are any, `tags` and `aliases`.
#'   `mlflow_delete_model_version()` returns NULL, invisibly; `mlflow_get_model_version_download_uri()` the
#'   URI of the files.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(run <- mlflow_start_run(), mlflow_log_text("irises", "model/notes.txt"))
#' mlflow_create_registered_model("noted irises")
#' source <- paste0("runs:/", mlflow_id(run), "/model")
#' version <- mlflow_create_model_version("noted irises", source, run_id = mlflow_id(run))
#' mlflow_update_model_version("noted irises", version$version, "Only notes.")
#' mlflow_get_model_version("noted irises", 1)
#' mlflow_get_model_version_download_uri("noted irises", 1)
#' mlflow_delete_model_version("noted irises", 1)
#' mlflow_delete_registered_model("noted irises")
mlflow_create_model_version <- function(name, source, run_id = NULL, tags = NULL, run_link = NULL,
                                        description = NULL, client = NULL) {
  body <- list(
    name = check_string(name),
    source = check_string(source),
    run_id = check_id(run_id, null = TRUE),
    tags = check_tags(tags),
    run_link = check_string(run_link, null = TRUE, empty = TRUE),
    description = check_string(description, null = TRUE, empty = TRUE)
  )
  request_build(as_registry_client(client), "POST", "model-versions/create", body = body) |>
    request_perform() |>
    getElement("model_version") |>
    as_model_version()
}

#' @rdname mlflow_create_model_version
#' @export
mlflow_get_model_version <- function(name, version, client = NULL) {
  query <- list(name = check_string(name), version = check_id(version))
  request_build(as_registry_client(client), "GET", "model-versions/get", query = query) |>
    request_perform() |>
    getElement("model_version") |>
    as_model_version()
}

#' @rdname mlflow_create_model_version
#' @export
mlflow_update_model_version <- function(name, version, description, client = NULL) {
  body <- list(
    name = check_string(name),
    version = check_id(version),
    description = check_string(description, empty = TRUE)
  )
  request_build(as_registry_client(client), "PATCH", "model-versions/update", body = body) |>
    request_perform(idempotent = TRUE) |>
    getElement("model_version") |>
    as_model_version()
}

#' @rdname mlflow_create_model_version
#' @export
mlflow_delete_model_version <- function(name, version, client = NULL) {
  body <- list(name = check_string(name), version = check_id(version))
  request_build(as_registry_client(client), "DELETE", "model-versions/delete", body = body) |>
    request_perform()
  invisible(NULL)
}

#' @rdname mlflow_create_model_version
#' @export
mlflow_get_model_version_download_uri <- function(name, version, client = NULL) {
  model_version_source(as_registry_client(client), check_string(name), check_id(version))
}

as_model_version <- function(fields) {
  structure(fields, class = c("mlflow_model_version", "list"))
}

model_version_source <- function(client, name, version, call = rlang::caller_env()) {
  query <- list(name = name, version = version)
  request_build(client, "GET", "model-versions/get-download-uri", query = query) |>
    request_perform(call = call) |>
    getElement("artifact_uri")
}

#' Register a model
#'
#' Adds a version to a registered model, which is created if there is none of this name.
#'
#' @inheritParams mlflow_create_experiment
#' @param model_uri Where the model is: `runs:/<run id>/<path>`, `models:/<name>/<version>` or the URI
#'   of its files.
#' @param name Name of the registered model.
#' @param run_id The run it comes from; by default that of a `runs:/` URI.
#' @param tags Named list or vector, for the version.
#' @param description What the version is.
#' @param ... Not used.
#' @returns The new version, see [mlflow_create_model_version()].
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(run <- mlflow_start_run(), mlflow_log_text("irises", "model/notes.txt"))
#' mlflow_register_model(paste0("runs:/", mlflow_id(run), "/model"), "registered irises")
mlflow_register_model <- function(model_uri, name, run_id = NULL, tags = NULL, description = NULL,
                                  client = NULL, ...) {
  check_no_more(...)
  uri <- check_string(model_uri)
  name <- check_string(name)
  run_id <- check_id(run_id, null = TRUE)
  if (grepl("^runs:", uri)) {
    # The files, not the run's address, so that every client finds them.
    place <- parse_run_uri(uri)
    run_id <- run_id %||% place$run_id
    uri <- join_path(get_run(as_client(client), place$run_id)$info$artifact_uri, place$path)
  }
  tryCatch(
    mlflow_create_registered_model(name, client = client),
    crateflow_error_already_exists = function(cnd) NULL
  )
  mlflow_create_model_version(name, uri, run_id, tags, description = description, client = client)
}

#' Copy a version to another registered model
#'
#' Its files are not copied: both versions name the same.
#'
#' @inheritParams mlflow_create_experiment
#' @param src_model_uri `models:/<name>/<version or stage>` or `models:/<name>@<alias>`.
#' @param dst_name Name of the registered model to add a version to; created if there is none.
#' @returns The new version, see [mlflow_create_model_version()].
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(run <- mlflow_start_run(), mlflow_log_text("irises", "model/notes.txt"))
#' mlflow_register_model(paste0("runs:/", mlflow_id(run), "/model"), "tried irises")
#' mlflow_copy_model_version("models:/tried irises/1", "released irises")
mlflow_copy_model_version <- function(src_model_uri, dst_name, client = NULL) {
  uri <- check_string(src_model_uri)
  if (!grepl("^models:", uri)) abort_model_uri(uri, environment())
  found <- find_model_version(uri, client)
  version <- mlflow_get_model_version(found$name, found$version, client)
  mlflow_register_model(
    version$source, dst_name, version$run_id,
    tags = version$tags, description = version$description, client = client
  )
}

#' Search versions of registered models
#'
#' @inheritParams mlflow_create_experiment
#' @param filter Such as `"name = 'irises' AND tags.reviewed = 'yes'"`.
#' @param max_results Largest number to return.
#' @param order_by Texts such as `"version_number DESC"`.
#' @param page_token From an earlier search, to go on from there.
#' @returns A list of `model_versions` (a tibble, one row each: `name`, `version`, `current_stage`,
#'   `status`, `run_id`, `source`, `description`, `creation_timestamp`, `last_updated_timestamp`, and
#'   the list column `tags`) and `next_page_token` (NULL on the last page).
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_search_model_versions("name = 'irises'")
mlflow_search_model_versions <- function(filter = NULL, max_results = 1000, order_by = list(),
                                         page_token = NULL, client = NULL) {
  answer <- search_registry(
    "model-versions/search", filter, max_results, order_by, page_token, as_registry_client(client)
  )
  list(
    model_versions = version_table(answer$model_versions),
    next_page_token = answer$next_page_token
  )
}

version_table <- function(versions) {
  tibble::new_tibble(
    list(
      name = text_column(versions, "name"),
      version = text_column(versions, "version"),
      current_stage = text_column(versions, "current_stage"),
      status = text_column(versions, "status"),
      run_id = text_column(versions, "run_id"),
      source = text_column(versions, "source"),
      description = text_column(versions, "description"),
      creation_timestamp = number_column(versions, "creation_timestamp"),
      last_updated_timestamp = number_column(versions, "last_updated_timestamp"),
      tags = lapply(versions, function(x) pair_table(x$tags))
    ),
    nrow = length(versions)
  )
}

#' Move a version to a stage
#'
#' @inheritParams mlflow_create_experiment
#' @param name Name of the registered model.
#' @param version Its number, as text or number.
#' @param stage `"None"`, `"Staging"`, `"Production"` or `"Archived"`.
#' @param archive_existing_versions Whether to archive the versions that are in that stage now.
#' @returns The version, see [mlflow_create_model_version()].
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(run <- mlflow_start_run(), mlflow_log_text("irises", "model/notes.txt"))
#' version <- mlflow_register_model(paste0("runs:/", mlflow_id(run), "/model"), "staged irises")
#' mlflow_transition_model_version_stage("staged irises", version$version, "Staging")
mlflow_transition_model_version_stage <- function(name, version, stage,
                                                  archive_existing_versions = FALSE,
                                                  client = NULL) {
  body <- list(
    name = check_string(name),
    version = check_id(version),
    stage = check_string(stage),
    archive_existing_versions = check_flag(archive_existing_versions)
  )
  request_build(as_registry_client(client), "POST", "model-versions/transition-stage", body = body) |>
    request_perform(idempotent = TRUE) |>
    getElement("model_version") |>
    as_model_version()
}

#' Set or delete a tag of a version
#'
#' @inheritParams mlflow_create_experiment
#' @param name Name of the registered model.
#' @param version Its number, as text or number.
#' @param key,value The tag.
#' @param stage In place of `version`: the latest version in this stage.
#' @returns NULL, invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(run <- mlflow_start_run(), mlflow_log_text("irises", "model/notes.txt"))
#' mlflow_register_model(paste0("runs:/", mlflow_id(run), "/model"), "tagged irises")
#' mlflow_set_model_version_tag("tagged irises", 1, "reviewed", "yes")
#' mlflow_delete_model_version_tag("tagged irises", 1, "reviewed")
mlflow_set_model_version_tag <- function(name, version = NULL, key = NULL, value = NULL,
                                         stage = NULL, client = NULL) {
  name <- check_string(name)
  if (is.null(version) && is.null(stage)) abort("version or stage must be set", "invalid_argument")
  client <- as_registry_client(client)
  if (is.null(version)) {
    found <- latest_versions(client, name, check_string(stage))
    if (length(found) == 0) {
      abort("The model '{name}' has no version in the stage '{stage}'.", "not_found")
    }
    version <- found[[1]]$version
  }
  body <- list(
    name = name, version = check_id(version), key = check_string(key), value = check_value(value)
  )
  request_build(client, "POST", "model-versions/set-tag", body = body) |>
    request_perform(idempotent = TRUE)
  invisible(NULL)
}

#' @rdname mlflow_set_model_version_tag
#' @export
mlflow_delete_model_version_tag <- function(name, version, key, client = NULL) {
  body <- list(name = check_string(name), version = check_id(version), key = check_string(key))
  request_build(as_registry_client(client), "DELETE", "model-versions/delete-tag", body = body) |>
    request_perform(idempotent = TRUE)
  invisible(NULL)
}
