# Starting the command `crateflow`, for what only it can do.

#' Start a server, or show the pages of one
#'
#' `mlflow_server()` starts a tracking server and `mlflow_rfunc_serve()` (also named
#' `mlflow_models_serve()`) a scoring server, both by the command `crateflow`, which must be on the path or
#' named by the environment variable `CRATEFLOW_BIN`. Where it is not, and the package httpuv is installed,
#' a model is served by R alone: JSON only, one request at a time. They run until `server$stop()` or the end
#' of the session.
#'
#' `mlflow_ui()` opens the pages of the tracking server in use, in the viewer of an IDE if it has set the
#' option `page_viewer`. RStudio lists two addins: one opens the active run, or the one that ended last, the
#' other puts the selected code into a run block. Its connections pane, made for databases of tables, shows
#' nothing of a server: an IDE hears of what is tracked by [mlflow_register_external_observer()].
#'
#' @param file_store Folder for the database of the server.
#' @param default_artifact_root Where the files of runs are kept; by default a folder in `file_store`.
#' @param host,port Address to listen at; port 0 takes a free one.
#' @param workers Number of processes.
#' @param static_prefix Prefix of the paths of all pages.
#' @param serve_artifacts Whether files go through the server; without it clients reach for them
#'   themselves.
#' @param model_uri The model to serve, see [mlflow_load_model()].
#' @param client From [mlflow_client()]; by default the session's tracking URI is used.
#' @param run_id Open the page of this run, at the address where MLflow's server has it.
#' @param ... Not used.
#' @returns `mlflow_server()` and the scoring servers return a list of class `mlflow_server`:
#'   `server_url`, `handle` (a process of the package processx), `file_store` and `stop()`. `mlflow_ui()`
#'   returns the address, invisibly.
#' @export
#' @examplesIf nzchar(Sys.which("crateflow")) && requireNamespace("processx")
#' server <- mlflow_server(tempfile("store-"), port = 0)
#' server$server_url
#' server$stop()
mlflow_server <- function(file_store = "mlruns", default_artifact_root = NULL, host = "127.0.0.1",
                          port = 5000, workers = NULL, static_prefix = NULL, serve_artifacts = FALSE) {
  file_store <- check_string(file_store)
  check_flag(serve_artifacts)
  dir.create(file_store, recursive = TRUE, showWarnings = FALSE)
  store <- normalizePath(file_store)
  artifacts <- check_string(default_artifact_root, null = TRUE) %||% file.path(store, "artifacts")
  handle <- start_command(c(
    "server", "--host", check_string(host), "--port", check_id(port),
    "--backend-store-uri", paste0("sqlite:///", file.path(store, "tracking.db")),
    if (serve_artifacts) "--artifacts-destination" else c("--no-serve-artifacts", "--default-artifact-root"),
    artifacts,
    command_option("--workers", check_id(workers, null = TRUE)),
    command_option("--static-prefix", check_string(static_prefix, null = TRUE))
  ))
  handle$file_store <- store
  handle
}

#' @param daemonized Whether to return at once; else the session waits until it is interrupted.
#' @param browse Whether to open the server's address in a browser.
#' @rdname mlflow_server
#' @export
mlflow_rfunc_serve <- function(model_uri, host = "127.0.0.1", port = 8090, daemonized = FALSE,
                               browse = !daemonized, ...) {
  check_no_more(...)
  check_flag(daemonized)
  check_flag(browse)
  folder <- fetch_model(check_string(model_uri), NULL, file.path(tempfile("serve-"), "model"))
  server <- start_scoring(folder, check_string(host), check_id(port))
  if (browse && interactive()) utils::browseURL(server$server_url)
  if (daemonized) return(server)
  on.exit(server$stop())
  message("Scoring at ", server$server_url, "/invocations; interrupt to stop.")
  server$handle$wait()
  invisible(server)
}

#' @rdname mlflow_server
#' @export
mlflow_models_serve <- function(model_uri, port = 0, host = "127.0.0.1", ...) {
  mlflow_rfunc_serve(model_uri, host, port, daemonized = TRUE, ...)
}

#' @rdname mlflow_server
#' @export
mlflow_ui <- function(client = NULL, ..., run_id = NULL) {
  check_no_more(...)
  client <- as_client(client)
  url <- client$tracking_uri
  if (!is.null(run_id)) {
    run <- get_run(client, check_id(run_id))$info
    url <- paste0(url, "/#/experiments/", run$experiment_id, "/runs/", run$run_id)
  }
  if (interactive()) getOption("page_viewer", utils::browseURL)(url)
  invisible(url)
}

#' @export
print.mlflow_server <- function(x, ...) {
  state <- if (x$handle$is_alive()) "running" else "stopped"
  show_lines("<mlflow_server> ", x$server_url, ", ", state)
  invisible(x)
}

command_option <- function(flag, value) {
  if (!is.null(value)) c(flag, value)
}

command_path <- function(call) {
  named <- Sys.getenv("CRATEFLOW_BIN")
  path <- if (nzchar(named)) named else Sys.which("crateflow")
  if (nzchar(path) && file.exists(path)) return(normalizePath(path))
  abort(
    c(
      "The command {.code crateflow} is not found.",
      i = "Install it with {.code pip install crateflow}, or set CRATEFLOW_BIN to its path."
    ),
    "no_command",
    call = call
  )
}

# Of the command: scripts that it starts run in this R. R puts the system's libraries first, which do not
# fit a Python of another place.
command_environment <- function(...) {
  path <- paste(R.home("bin"), Sys.getenv("PATH"), sep = .Platform$path.sep)
  c("current", PATH = path, LD_LIBRARY_PATH = "", ...)
}

check_processx <- function(call) {
  if (!requireNamespace("processx", quietly = TRUE)) {
    abort_missing_packages("processx", "To start the command it needs", call)
  }
}

#' Run the command to its end, and show what it prints
#'
#' @param verb,arguments What the command is to do: words, and then options.
#' @returns The lines it printed.
#' @noRd
run_command <- function(verb, arguments, call = rlang::caller_env()) {
  command <- command_path(call)
  check_processx(call)
  done <- processx::run(
    command, c(verb, arguments),
    error_on_status = FALSE, stderr_to_stdout = TRUE, cleanup_tree = TRUE,
    stdout_line_callback = function(line, process) message(line),
    env = command_environment(
      MLFLOW_TRACKING_URI = mlflow_get_tracking_uri(), MLFLOW_REGISTRY_URI = mlflow_get_registry_uri()
    )
  )
  said <- strsplit(as_utf8(done$stdout), "\n", fixed = TRUE)[[1]]
  if (done$status == 0) return(said)
  abort(
    c(
      "{.code crateflow {paste(verb, collapse = ' ')}} failed with status {done$status}.",
      failure_bullets(said)
    ),
    "command_failed",
    status = done$status,
    call = call
  )
}

# What a command says of its failure: its error, which comes after all else, or its last lines.
failure_bullets <- function(said) {
  said <- said[nzchar(said)]
  errors <- grep("^Error: ", said)
  told <- if (length(errors) > 0) said[max(errors):length(said)] else utils::tail(said, 5)
  stats::setNames(as_plain(told), rep("x", length(told)))
}

# Start the command in the background and wait until it says where it listens.
start_command <- function(arguments, command = command_path(call), call = rlang::caller_env()) {
  force(command)
  check_processx(call)
  log <- tempfile("crateflow-", fileext = ".log")
  handle <- processx::process$new(
    command, arguments,
    stdout = log, stderr = "2>&1", env = command_environment(), cleanup_tree = TRUE
  )
  stop_server <- function() {
    handle$signal(tools::SIGTERM)
    handle$wait(10000)
    invisible(handle$kill_tree())
  }
  deadline <- Sys.time() + getOption("mlflow.connect.wait", 60)
  repeat {
    # Asked before the log is read, which then is all that one that has ended will ever say.
    has_ended <- !handle$is_alive()
    said <- readLines(log, warn = FALSE)
    address <- sub("^Listening at (http[^ ]+).*", "\\1", grep("^Listening at ", said, value = TRUE))
    if (length(address) > 0) break
    if (has_ended || Sys.time() > deadline) {
      stop_server()
      abort(
        c("{.code {basename(command)} {arguments[[1]]}} did not start.", failure_bullets(said)),
        "unavailable",
        call = call
      )
    }
    handle$wait(50)
  }
  structure(
    list(server_url = address[[1]], handle = handle, stop = stop_server),
    class = "mlflow_server"
  )
}
