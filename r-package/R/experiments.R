#' Create an experiment
#'
#' @param name Its name; no other experiment may have it, not even a deleted one.
#' @param artifact_location Where the files of its runs are kept; by default the server decides.
#' @param client From [mlflow_client()]; by default the session's tracking URI is used.
#' @param tags Named list or vector.
#' @returns The id of the new experiment, a text.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_create_experiment("irises", tags = list(team = "botany"))
mlflow_create_experiment <- function(name, artifact_location = NULL, client = NULL, tags = NULL) {
  body <- list(
    name = check_string(name),
    artifact_location = check_string(artifact_location, null = TRUE),
    tags = check_tags(tags)
  )
  answer <- request_build(as_client(client), "POST", "experiments/create", body = body) |>
    request_perform()
  answer$experiment_id
}

#' Choose the experiment of this session
#'
#' Runs started from now on go there. Without it they go to the experiment of the environment variable
#' `MLFLOW_EXPERIMENT_NAME` or `MLFLOW_EXPERIMENT_ID`, else to the default experiment `0`.
#'
#' @param experiment_name Its name; created if there is none.
#' @param experiment_id Its id; give either.
#' @param artifact_location For an experiment that is created, see [mlflow_create_experiment()].
#' @returns The experiment's id, a text.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_set_experiment("irises")
mlflow_set_experiment <- function(experiment_name = NULL, experiment_id = NULL,
                                  artifact_location = NULL) {
  if (is.null(experiment_name) == is.null(experiment_id)) {
    abort("Exactly one of `experiment_name` and `experiment_id` must be given.", "invalid_argument")
  }
  client <- as_client(NULL)
  if (is.null(experiment_name)) {
    experiment <- get_experiment(client, check_id(experiment_id))
    session$experiment_id <- experiment$experiment_id
  } else {
    name <- check_string(experiment_name)
    session$experiment_id <- experiment_id_for(client, name, artifact_location)
  }
  notify("active_experiment_id", list(experiment_id = session$experiment_id))
  session$experiment_id
}

# Two sessions may create the same experiment at the same moment: the slower one finds it.
experiment_id_for <- function(client, name, artifact_location, call = rlang::caller_env()) {
  found <- find_experiment(client, name, call)
  if (is.null(found)) {
    message("Experiment `", name, "` does not exist. Creating a new experiment.")
    created <- tryCatch(
      mlflow_create_experiment(name, artifact_location, client),
      crateflow_error_already_exists = function(cnd) NULL
    )
    if (!is.null(created)) return(created)
    found <- find_experiment(client, name, call)
  }
  if (identical(found$lifecycle_stage, "deleted")) {
    abort(
      c(
        "The experiment {.val {name}} is deleted.",
        i = "Bring it back: {.code mlflow_restore_experiment(\"{found$experiment_id}\")}."
      ),
      "conflict",
      call = call
    )
  }
  found$experiment_id
}

find_experiment <- function(client, name, call = rlang::caller_env()) {
  query <- list(experiment_name = name)
  tryCatch(
    request_build(client, "GET", "experiments/get-by-name", query = query) |>
      request_perform(call = call) |>
      getElement("experiment"),
    crateflow_error_resource_does_not_exist = function(cnd) NULL
  )
}

get_experiment <- function(client, experiment_id, call = rlang::caller_env()) {
  query <- list(experiment_id = experiment_id)
  request_build(client, "GET", "experiments/get", query = query) |>
    request_perform(call = call) |>
    getElement("experiment")
}

#' Get an experiment
#'
#' @inheritParams mlflow_create_experiment
#' @param experiment_id,name Id or name; by default the active experiment.
#' @returns A tibble of class `mlflow_experiment` with one row: `experiment_id`, `name`,
#'   `artifact_location`, `lifecycle_stage`, `last_update_time` and `creation_time` (milliseconds since
#'   1970), and the list column `tags` (each a tibble of `key` and `value`).
#'   `mlflow_get_experiment_by_name()` returns NULL where there is none of the name.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_get_experiment("0")
mlflow_get_experiment <- function(experiment_id = NULL, name = NULL, client = NULL) {
  if (!is.null(experiment_id) && !is.null(name)) {
    abort("Only one of `name` or `experiment_id` should be specified.", "invalid_argument")
  }
  if (is.null(name)) {
    experiment_id <- resolve_experiment_id(experiment_id, client)
    return(experiment_table(list(get_experiment(as_client(client), experiment_id))))
  }
  name <- check_string(name)
  found <- find_experiment(as_client(client), name)
  if (is.null(found)) {
    abort("Could not find experiment with name '{name}'.", "not_found")
  }
  experiment_table(list(found))
}

#' @rdname mlflow_get_experiment
#' @export
mlflow_get_experiment_by_name <- function(name, client = NULL) {
  found <- find_experiment(as_client(client), check_string(name))
  if (!is.null(found)) experiment_table(list(found))
}

#' Search experiments
#'
#' @inheritParams mlflow_create_experiment
#' @param filter Such as `"name LIKE 'iris%' AND tags.team = 'botany'"`.
#' @param experiment_view_type Which to look at.
#' @param max_results Largest number to return.
#' @param order_by Texts such as `"name DESC"`.
#' @param page_token From an earlier search, to go on from there.
#' @returns A list of `experiments` (a tibble as of [mlflow_get_experiment()], one row each) and
#'   `next_page_token` (NULL on the last page); NULL when nothing matches.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_search_experiments("name LIKE 'iris%'")
mlflow_search_experiments <- function(filter = NULL,
                                      experiment_view_type = c("ACTIVE_ONLY", "DELETED_ONLY", "ALL"),
                                      max_results = 1000, order_by = list(), page_token = NULL,
                                      client = NULL) {
  body <- list(
    filter = check_string(filter, null = TRUE, empty = TRUE),
    view_type = check_choice(experiment_view_type),
    max_results = check_number(max_results),
    order_by = check_texts(order_by),
    page_token = check_string(page_token, null = TRUE)
  )
  answer <- request_build(as_client(client), "POST", "experiments/search", body = body) |>
    request_perform(idempotent = TRUE)
  if (length(answer$experiments) == 0) return(NULL)
  list(
    experiments = experiment_table(answer$experiments),
    next_page_token = answer$next_page_token
  )
}

#' List experiments
#'
#' All of them, where [mlflow_search_experiments()] returns a page; kept for scripts written for MLflow 1.
#'
#' @inheritParams mlflow_create_experiment
#' @param view_type Which to list.
#' @returns A tibble as of [mlflow_search_experiments()], of all experiments; NULL when there are none.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_list_experiments()
mlflow_list_experiments <- function(view_type = c("ACTIVE_ONLY", "DELETED_ONLY", "ALL"),
                                    client = NULL) {
  client <- as_client(client)
  view_type <- check_choice(view_type)
  found <- search_pages(client, "experiments/search", "experiments", list(view_type = view_type))
  if (length(found) > 0) experiment_table(found)
}

#' Set or delete a tag of an experiment
#'
#' @inheritParams mlflow_create_experiment
#' @param key,value The tag.
#' @param experiment_id By default the active experiment.
#' @returns NULL, invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_set_experiment_tag("team", "botany", experiment_id = "0")
#' mlflow_delete_experiment_tag("team", experiment_id = "0")
mlflow_set_experiment_tag <- function(key, value, experiment_id = NULL, client = NULL) {
  body <- list(
    experiment_id = resolve_experiment_id(experiment_id, client),
    key = check_string(key),
    value = check_value(value)
  )
  request_build(as_client(client), "POST", "experiments/set-experiment-tag", body = body) |>
    request_perform(idempotent = TRUE)
  invisible(NULL)
}

#' @rdname mlflow_set_experiment_tag
#' @export
mlflow_delete_experiment_tag <- function(key, experiment_id = NULL, client = NULL) {
  body <- list(
    experiment_id = resolve_experiment_id(experiment_id, client),
    key = check_string(key)
  )
  request_build(as_client(client), "POST", "experiments/delete-experiment-tag", body = body) |>
    request_perform()
  invisible(NULL)
}

#' Delete, restore or rename an experiment
#'
#' A deleted experiment and its runs are kept, and come back with `mlflow_restore_experiment()`.
#'
#' @inheritParams mlflow_create_experiment
#' @param experiment_id Its id; when renaming, by default that of the active experiment.
#' @param new_name Its new name.
#' @returns NULL, invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' id <- mlflow_create_experiment("to rename")
#' mlflow_rename_experiment("to delete", id)
#' mlflow_delete_experiment(id)
#' mlflow_restore_experiment(id)
mlflow_delete_experiment <- function(experiment_id, client = NULL) {
  experiment_id <- check_id(experiment_id)
  if (identical(experiment_id, session$experiment_id)) {
    abort("Cannot delete an active experiment.", "conflict")
  }
  body <- list(experiment_id = experiment_id)
  request_build(as_client(client), "POST", "experiments/delete", body = body) |> request_perform()
  invisible(NULL)
}

#' @rdname mlflow_delete_experiment
#' @export
mlflow_restore_experiment <- function(experiment_id, client = NULL) {
  body <- list(experiment_id = check_id(experiment_id))
  request_build(as_client(client), "POST", "experiments/restore", body = body) |> request_perform()
  invisible(NULL)
}

#' @rdname mlflow_delete_experiment
#' @export
mlflow_rename_experiment <- function(new_name, experiment_id = NULL, client = NULL) {
  body <- list(
    experiment_id = resolve_experiment_id(experiment_id, client),
    new_name = check_string(new_name)
  )
  request_build(as_client(client), "POST", "experiments/update", body = body) |>
    request_perform(idempotent = TRUE)
  invisible(NULL)
}

resolve_experiment_id <- function(experiment_id, client, call = rlang::caller_env()) {
  if (!is.null(experiment_id)) return(check_id(experiment_id, call = call))
  if (!is.null(client)) {
    abort("`experiment_id` must be specified when `client` is specified.", "invalid_argument",
      call = call
    )
  }
  active_experiment_id(call) %||% abort(
    "`experiment_id` must be specified when there is no active experiment.",
    "no_active_experiment",
    call = call
  )
}

# That of the session, else of the environment, else NULL.
active_experiment_id <- function(call = rlang::caller_env()) {
  if (!is.null(session$experiment_id)) return(session$experiment_id)
  name <- Sys.getenv("MLFLOW_EXPERIMENT_NAME")
  if (nzchar(name)) return(experiment_id_for(as_client(NULL, call), name, NULL, call))
  id <- Sys.getenv("MLFLOW_EXPERIMENT_ID")
  if (nzchar(id)) id
}

experiment_table <- function(experiments) {
  tibble::new_tibble(
    list(
      experiment_id = text_column(experiments, "experiment_id"),
      name = text_column(experiments, "name"),
      artifact_location = text_column(experiments, "artifact_location"),
      lifecycle_stage = text_column(experiments, "lifecycle_stage"),
      last_update_time = number_column(experiments, "last_update_time"),
      creation_time = number_column(experiments, "creation_time"),
      tags = lapply(experiments, function(x) pair_table(x$tags))
    ),
    nrow = length(experiments),
    class = "mlflow_experiment"
  )
}
