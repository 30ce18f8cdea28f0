#' Registered models
#'
#' Create, look at, rename, describe and delete registered models, and tag them.
#'
#' @inheritParams mlflow_create_experiment
#' @param name Its name.
#' @param new_name Its new name; versions, tags and aliases follow.
#' @param tags Named list or vector.
#' @param description What it is.
#' @param key,value A tag.
#' @returns The registered model, a list of class `mlflow_registered_model` of `name`,
#'   `creation_timestamp`, `last_updated_timestamp`, and
#'   where there are any `description`, `tags`, `latest_versions` and `aliases`. The functions that
#'   delete or tag return NULL, invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_create_registered_model("irises", tags = list(team = "botany"))
#' mlflow_update_registered_model("irises", "Sepal width from sepal length.")
#' mlflow_set_registered_model_tag("irises", "reviewed", "yes")
#' mlflow_delete_registered_model_tag("irises", "reviewed")
#' mlflow_rename_registered_model("irises", "flowers")
#' mlflow_get_registered_model("flowers")
#' mlflow_delete_registered_model("flowers")
mlflow_create_registered_model <- function(name, tags = NULL, description = NULL, client = NULL) {
  body <- list(
    name = check_string(name),
    tags = check_tags(tags),
    description = check_string(description, null = TRUE, empty = TRUE)
  )
  request_build(as_registry_client(client), "POST", "registered-models/create", body = body) |>
    request_perform() |>
    getElement("registered_model") |>
    as_registered_model()
}

#' @rdname mlflow_create_registered_model
#' @export
mlflow_get_registered_model <- function(name, client = NULL) {
  query <- list(name = check_string(name))
  request_build(as_registry_client(client), "GET", "registered-models/get", query = query) |>
    request_perform() |>
    getElement("registered_model") |>
    as_registered_model()
}

#' @rdname mlflow_create_registered_model
#' @export
mlflow_rename_registered_model <- function(name, new_name, client = NULL) {
  body <- list(name = check_string(name), new_name = check_string(new_name))
  request_build(as_registry_client(client), "POST", "registered-models/rename", body = body) |>
    request_perform() |>
    getElement("registered_model") |>
    as_registered_model()
}

#' @rdname mlflow_create_registered_model
#' @export
mlflow_update_registered_model <- function(name, description, client = NULL) {
  body <- list(name = check_string(name), description = check_string(description, empty = TRUE))
  request_build(as_registry_client(client), "PATCH", "registered-models/update", body = body) |>
    request_perform(idempotent = TRUE) |>
    getElement("registered_model") |>
    as_registered_model()
}

#' @rdname mlflow_create_registered_model
#' @export
mlflow_delete_registered_model <- function(name, client = NULL) {
  body <- list(name = check_string(name))
  request_build(as_registry_client(client), "DELETE", "registered-models/delete", body = body) |>
    request_perform()
  invisible(NULL)
}

#' @rdname mlflow_create_registered_model
#' @export
mlflow_set_registered_model_tag <- function(name, key, value, client = NULL) {
  body <- list(name = check_string(name), key = check_string(key), value = check_value(value))
  request_build(as_registry_client(client), "POST", "registered-models/set-tag", body = body) |>
    request_perform(idempotent = TRUE)
  invisible(NULL)
}

#' @rdname mlflow_create_registered_model
#' @export
mlflow_delete_registered_model_tag <- function(name, key, client = NULL) {
  body <- list(name = check_string(name), key = check_string(key))
  request_build(as_registry_client(client), "DELETE", "registered-models/delete-tag", body = body) |>
    request_perform(idempotent = TRUE)
  invisible(NULL)
}

#' Search registered models
#'
#' @inheritParams mlflow_create_experiment
#' @param filter Such as `"name LIKE 'iris%' AND tags.team = 'botany'"`.
#' @param max_results Largest number to return, up to 1000.
#' @param order_by Texts such as `"name DESC"`.
#' @param page_token From an earlier search, to go on from there.
#' @returns A list of `registered_models` (a list, see [mlflow_create_registered_model()]) and
#'   `next_page_token` (NULL on the last page).
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_search_registered_models("name LIKE 'iris%'")
mlflow_search_registered_models <- function(filter = NULL, max_results = 100, order_by = list(),
                                            page_token = NULL, client = NULL) {
  answer <- search_registry(
    "registered-models/search", filter, max_results, order_by, page_token, as_registry_client(client)
  )
  list(
    registered_models = lapply(answer$registered_models, as_registered_model),
    next_page_token = answer$next_page_token
  )
}

#' List registered models
#'
#' Kept for scripts written for MLflow 1; another name of [mlflow_search_registered_models()] without
#' filter.
#'
#' @inheritParams mlflow_search_registered_models
#' @returns As [mlflow_search_registered_models()].
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_list_registered_models()
mlflow_list_registered_models <- function(max_results = 100, page_token = NULL, client = NULL) {
  mlflow_search_registered_models(max_results = max_results, page_token = page_token, client = client)
}

# Lists still, so that they can be written as JSON.
as_registered_model <- function(fields) {
  structure(fields, class = c("mlflow_registered_model", "list"))
}

search_registry <- function(endpoint, filter, max_results, order_by, page_token, client,
                            call = rlang::caller_env()) {
  query <- list(
    filter = check_string(filter, null = TRUE, empty = TRUE, call = call),
    max_results = check_number(max_results, call = call),
    order_by = check_texts(order_by, call = call),
    page_token = check_string(page_token, null = TRUE, call = call)
  )
  request_build(client, "GET", endpoint, query = query) |> request_perform(call = call)
}

#' Get the latest versions of a registered model
#'
#' @inheritParams mlflow_create_experiment
#' @param name Its name.
#' @param stages Stages to look at; by default all.
#' @returns A list of versions (see [mlflow_create_model_version()]), the highest of each stage; NULL
#'   when there are none.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_create_registered_model("latest irises")
#' mlflow_get_latest_versions("latest irises", c("Staging", "Production"))
mlflow_get_latest_versions <- function(name, stages = list(), client = NULL) {
  versions <- latest_versions(as_registry_client(client), check_string(name), check_texts(stages))
  if (length(versions) > 0) lapply(versions, as_model_version)
}

latest_versions <- function(client, name, stages, call = rlang::caller_env()) {
  query <- list(name = name, stages = stages)
  request_build(client, "GET", "registered-models/get-latest-versions", query = query) |>
    request_perform(call = call) |>
    getElement("model_versions")
}

#' Aliases of registered models
#'
#' An alias is a name for one version, which can be moved to another: `champion`, for example. A model
#' loads by it as `models:/<name>@<alias>`.
#'
#' @inheritParams mlflow_create_experiment
#' @param name Name of the registered model.
#' @param alias The alias.
#' @param version The version it is to point at.
#' @returns `mlflow_get_model_version_by_alias()` returns the version as
#'   [mlflow_create_model_version()] does; the others NULL, invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(run <- mlflow_start_run(), mlflow_log_text("irises", "model/notes.txt"))
#' mlflow_register_model(paste0("runs:/", mlflow_id(run), "/model"), "named irises")
#' mlflow_set_registered_model_alias("named irises", "champion", 1)
#' mlflow_get_model_version_by_alias("named irises", "champion")
#' mlflow_delete_registered_model_alias("named irises", "champion")
mlflow_set_registered_model_alias <- function(name, alias, version, client = NULL) {
  body <- list(name = check_string(name), alias = check_string(alias), version = check_id(version))
  request_build(as_registry_client(client), "POST", "registered-models/alias", body = body) |>
    request_perform(idempotent = TRUE)
  invisible(NULL)
}

#' @rdname mlflow_set_registered_model_alias
#' @export
mlflow_delete_registered_model_alias <- function(name, alias, client = NULL) {
  body <- list(name = check_string(name), alias = check_string(alias))
  request_build(as_registry_client(client), "DELETE", "registered-models/alias", body = body) |>
    request_perform(idempotent = TRUE)
  invisible(NULL)
}

#' @rdname mlflow_set_registered_model_alias
#' @export
mlflow_get_model_version_by_alias <- function(name, alias, client = NULL) {
  as_model_version(get_version_by_alias(as_registry_client(client), check_string(name), check_string(alias)))
}

get_version_by_alias <- function(client, name, alias, call = rlang::caller_env()) {
  query <- list(name = name, alias = alias)
  request_build(client, "GET", "registered-models/alias", query = query) |>
    request_perform(call = call) |>
    getElement("model_version")
}
