#' Set or get the tracking URI of this session
#'
#' The address of the server that everything is logged to. Without `mlflow_set_tracking_uri()` it is
#' taken from the environment variable `MLFLOW_TRACKING_URI`.
#'
#' @param uri Address of a tracking server: `http://host:port` or `https://host`. Start one with
#'   `crateflow server`. NULL goes back to the environment variable.
#' @returns `mlflow_set_tracking_uri()` returns `uri`, invisibly. `mlflow_get_tracking_uri()` returns
#'   the address in force, `""` when there is none.
#' @export
#' @examples
#' mlflow_set_tracking_uri("http://127.0.0.1:5000")
#' mlflow_get_tracking_uri()
#' mlflow_set_tracking_uri(NULL)
mlflow_set_tracking_uri <- function(uri) {
  session$tracking_uri <- check_string(uri, null = TRUE)
  notify("tracking_uri", list(tracking_uri = mlflow_get_tracking_uri()))
  invisible(uri)
}

#' @rdname mlflow_set_tracking_uri
#' @export
mlflow_get_tracking_uri <- function() {
  session$tracking_uri %||% Sys.getenv("MLFLOW_TRACKING_URI")
}

#' Set or get the registry URI of this session
#'
#' The address of the server with the registered models, where it is not the one that tracks. Without
#' `mlflow_set_registry_uri()` it is taken from the environment variable `MLFLOW_REGISTRY_URI`, else it is
#' the tracking URI.
#'
#' @param uri Address of a server, see [mlflow_set_tracking_uri()]; NULL goes back to the default.
#' @returns `mlflow_set_registry_uri()` returns `uri`, invisibly. `mlflow_get_registry_uri()` returns the
#'   address in force, `""` when there is none.
#' @export
#' @examples
#' mlflow_set_registry_uri("http://127.0.0.1:5000")
#' mlflow_get_registry_uri()
#' mlflow_set_registry_uri(NULL)
mlflow_set_registry_uri <- function(uri) {
  session$registry_uri <- check_string(uri, null = TRUE)
  invisible(uri)
}

#' @rdname mlflow_set_registry_uri
#' @export
mlflow_get_registry_uri <- function() {
  session$registry_uri %||% env_first("MLFLOW_REGISTRY_URI") %||% mlflow_get_tracking_uri()
}

#' A client for one tracking server
#'
#' Functions that take `client` use it in place of the session's tracking URI. They then leave the
#' active run and the active experiment alone and want to be told the run.
#'
#' @param tracking_uri Address of a tracking server; by default [mlflow_get_tracking_uri()].
#' @returns An object of class `mlflow_client`.
#' @export
#' @examples
#' client <- mlflow_client("http://127.0.0.1:5000")
#' client
mlflow_client <- function(tracking_uri = NULL) {
  uri <- check_string(tracking_uri, null = TRUE) %||% mlflow_get_tracking_uri()
  check_tracking_uri(uri)
  new_client(uri)
}

new_client <- function(uri) {
  structure(
    list(tracking_uri = sub("/+$", "", uri)),
    class = c("mlflow_http_client", "mlflow_client")
  )
}

#' @export
print.mlflow_client <- function(x, ...) {
  show_lines("<mlflow_client> ", hide_password(x$tracking_uri))
  invisible(x)
}

check_tracking_uri <- function(uri, call = rlang::caller_env()) {
  if (grepl("^https?://[^/]", uri, ignore.case = TRUE)) return(invisible(uri))
  start <- c(
    i = "Start one in a terminal: {.code crateflow server --port 5000}",
    i = "Then {.code mlflow_set_tracking_uri(\"http://127.0.0.1:5000\")}."
  )
  if (!nzchar(uri)) {
    abort(c("No tracking server is known to this session.", start), "no_server", call = call)
  }
  shown <- hide_password(uri)
  is_database <- grepl("^(sqlite|postgresql|mysql)[+a-z]*:", uri)
  if (is_database) {
    start[[1]] <- "Start one on this database: {.code crateflow server --backend-store-uri {shown}}"
  }
  is_address <- grepl("^(https?:|databricks)|^[^/:]+:[0-9]+(/|$)", uri)
  if (is_address || grepl("^[a-z+]+:", uri) && !is_database && !startsWith(uri, "file:")) {
    abort_scheme(shown, start, call)
  }
  abort(
    c("{.val {shown}} is a place on disk or a database; R talks to a server over HTTP.", start),
    "no_server",
    call = call
  )
}

# Of an address that is not HTTP's.
abort_scheme <- function(uri, start, call) {
  scheme <- sub(":.*", "", uri)
  if (scheme == "databricks") {
    start <- c(
      i = "Give the address of the workspace, https://..., and its token by MLFLOW_TRACKING_TOKEN."
    )
  }
  problem <- "Unsupported scheme: '{scheme}'"
  if (grepl("^https?:|^[^/:]+:[0-9]+(/|$)", uri)) {
    address <- paste0("http://", sub("^https?:/*", "", uri))
    problem <- "An address begins with http:// or https://: {.val {uri}} does not."
    start <- c(i = "Is it {.val {address}}?")
  }
  abort(c(problem, start), c("no_server", "invalid_argument"), call = call)
}

hide_password <- function(uri) {
  sub("://[^/@]*@", "://***@", uri)
}

# The client of a call: that given, else one for the session's tracking server.
as_client <- function(client, call = rlang::caller_env()) {
  client_for(client, mlflow_get_tracking_uri(), call)
}

# The same for what concerns registered models.
as_registry_client <- function(client, call = rlang::caller_env()) {
  client_for(client, mlflow_get_registry_uri(), call)
}

client_for <- function(client, uri, call) {
  if (is.null(client)) {
    check_tracking_uri(uri, call = call)
    return(new_client(uri))
  }
  if (!inherits(client, "mlflow_client")) {
    abort("{.arg client} must come from {.fn mlflow_client}, not be {describe(client)}.",
      "invalid_argument",
      call = call
    )
  }
  client
}
