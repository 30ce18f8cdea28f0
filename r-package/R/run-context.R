#' Start a run
#'
#' The run becomes the active one: what is logged goes to it until it ends. Use
#' `with(mlflow_start_run(), { ... })`, which ends it in any case: as finished, as failed when the block
#' stops with an error (which goes on to the caller), as killed when it is interrupted. The value of the
#' block is returned, invisibly. A run still active when the R session ends is closed as killed.
#'
#' @param run_id Go on with this run. By default that of the environment variable `MLFLOW_RUN_ID`, else
#'   a new one.
#' @param experiment_id Experiment of a new run; by default the active one, else `0`.
#' @param start_time POSIXct or milliseconds since 1970; by default now.
#' @param tags Named list or vector.
#' @param client From [mlflow_client()]. The run then is created, but not made active.
#' @param nested Whether the run may start inside the active one, as its child.
#' @param run_name By default the server makes one up.
#' @param description Shown with the run.
#' @param parent_run_id Make the run a child of this one, which may be one of another session.
#' @param log_system_metrics Whether to log the load of the machine while the run is active: the use of
#'   its processors, memory, disk and network, as metrics `system/...`, by a process in the background. By
#'   default what the environment variable `MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING` says, else not. Samples
#'   are taken every `MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL` seconds, by default 10. Linux only.
#' @returns The run, as [mlflow_get_run()] returns it.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(run_name = "first"), {
#'   mlflow_log_param("formula", "Sepal.Width ~ Sepal.Length")
#'   mlflow_log_metric("rmse", 0.43)
#' })
mlflow_start_run <- function(run_id = NULL, experiment_id = NULL, start_time = NULL, tags = NULL,
                             client = NULL, nested = FALSE, run_name = NULL, description = NULL,
                             parent_run_id = NULL, log_system_metrics = NULL) {
  fluent <- is.null(client)
  watch <- wants_sampler(log_system_metrics, fluent)
  if (!fluent && !is.null(run_id)) {
    abort("`run_id` cannot be given together with `client`: the run exists already.", "invalid_argument")
  }
  check_flag(nested)
  parent <- if (fluent) active_run_id()
  if (!is.null(parent) && !nested) {
    abort(
      paste(
        "Run with UUID {parent} is already active. To start a nested run,",
        "Call `mlflow_start_run()` with `nested = TRUE`."
      ),
      "conflict"
    )
  }
  client <- as_client(client)
  run_id <- check_id(run_id, null = TRUE) %||% (if (fluent && is.null(parent)) env_first("MLFLOW_RUN_ID"))
  run <- if (is.null(run_id)) {
    create_run(
      client,
      experiment_id = check_id(experiment_id, null = TRUE) %||%
        (if (fluent) active_experiment_id()) %||% "0",
      start_ms = as_ms(start_time) %||% now_ms(),
      tags = c(
        context_tags(check_id(parent_run_id, null = TRUE) %||% parent, description), check_tags(tags)
      ),
      run_name = check_string(run_name, null = TRUE)
    )
  } else {
    resume_run(client, run_id)
  }
  if (fluent) push_run(run$info)
  if (watch) start_sampler(run$info$run_id)
  run_table(list(run))
}

# Only the load during an active run is logged; without an argument, where the environment asks for it.
wants_sampler <- function(log_system_metrics, fluent, call = rlang::caller_env()) {
  if (is.null(log_system_metrics)) return(fluent && env_flag("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"))
  if (check_flag(log_system_metrics, call = call) && !fluent) {
    abort("`log_system_metrics` cannot be given together with `client`: such a run is not active.",
      "invalid_argument",
      call = call
    )
  }
  log_system_metrics
}

resume_run <- function(client, run_id, call = rlang::caller_env()) {
  update_run(client, run_id, status = "RUNNING", call = call)
  get_run(client, run_id, call)
}

# Make a run the active one.
push_run <- function(info) {
  session$runs <- c(session$runs, info$run_id)
  session$experiment_id <- info$experiment_id
  notify("active_run_id", list(run_id = info$run_id))
}

create_run <- function(client, experiment_id, start_ms, tags, run_name, call = rlang::caller_env()) {
  body <- list(
    experiment_id = experiment_id, user_id = user_name(), run_name = run_name,
    start_time = start_ms, tags = tags
  )
  run <- request_build(client, "POST", "runs/create", body = body) |>
    request_perform(call = call) |>
    getElement("run")
  notify("create_run", c(body[c("experiment_id", "user_id", "start_time", "tags")], run_id = run$info$run_id))
  run
}

#' End a run
#'
#' @inheritParams mlflow_create_experiment
#' @param status How it ended.
#' @param end_time POSIXct or milliseconds since 1970; by default now.
#' @param run_id By default the active run; the run it was nested in becomes active again.
#' @returns The run, as [mlflow_get_run()] returns it.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' mlflow_start_run()
#' mlflow_end_run()
mlflow_end_run <- function(status = c("FINISHED", "FAILED", "KILLED"), end_time = NULL, run_id = NULL,
                           client = NULL) {
  status <- check_choice(status)
  if (is.null(run_id) && is.null(client) && length(session$runs) == 0) {
    abort("There is no active run to end.", "no_active_run")
  }
  run_id <- resolve_run_id(run_id, client)
  end_ms <- as_ms(end_time) %||% now_ms()
  stop_sampler(run_id)
  update_run(as_client(client), run_id, status, end_ms)
  notify("set_terminated", list(run_uuid = run_id, run_id = run_id, status = status, end_time = end_ms))
  session$runs <- setdiff(session$runs, run_id)
  stop_sharing(run_id)
  if (is.null(client)) session$last_run <- run_id
  mlflow_get_run(run_id, client)
}

#' The active run
#'
#' @returns The run, as [mlflow_get_run()] returns it; NULL when none is active. Then
#'   `mlflow_last_active_run()` returns the one of this session that ended last.
#' @export
#' @examples
#' mlflow_active_run()
mlflow_active_run <- function() {
  run_id <- active_run_id()
  if (!is.null(run_id)) mlflow_get_run(run_id)
}

#' @rdname mlflow_active_run
#' @export
mlflow_last_active_run <- function() {
  run_id <- active_run_id() %||% session$last_run
  if (!is.null(run_id)) mlflow_get_run(run_id)
}

#' @export
with.mlflow_run <- function(data, expr, ...) {
  run_id <- mlflow_id(data)
  if (!identical(run_id, active_run_id())) {
    abort("`with()` should only be used with `mlflow_start_run()`.", "invalid_argument")
  }
  # Where the block is left by a jump, such as return() in the function around it.
  on.exit(close_run(run_id, "FINISHED"))
  value <- tryCatch(
    expr,
    error = function(cnd) {
      close_failed_run(run_id, "FAILED")
      stop(cnd)
    },
    interrupt = function(cnd) {
      close_failed_run(run_id, "KILLED")
      rlang::interrupt()
    }
  )
  invisible(value)
}

# End a run of the stack, and first those that were started in it and left open.
close_run <- function(run_id, status) {
  while (run_id %in% session$runs) mlflow_end_run(status)
}

# The condition at hand matters more than a server that cannot be told of it.
close_failed_run <- function(run_id, status) {
  tryCatch(
    close_run(run_id, status),
    error = function(cnd) {
      left_open <- session$runs[seq_along(session$runs) >= match(run_id, session$runs)]
      for (id in left_open) stop_sampler(id)
      session$runs <- setdiff(session$runs, left_open)
      warn(
        c("Run {run_id} could not be closed as {status}.", x = "{conditionMessage(cnd)}"),
        "run_left_open"
      )
    }
  )
}

# Runs when the R session ends, where nobody can wait or answer: one try each, no complaints.
end_abandoned_runs <- function() {
  withr::local_envvar(MLFLOW_HTTP_REQUEST_MAX_RETRIES = "0", MLFLOW_HTTP_REQUEST_TIMEOUT = "5")
  for (run_id in rev(session$runs)) {
    try(update_run(as_client(NULL), run_id, "KILLED", now_ms()), silent = TRUE)
  }
}

active_run_id <- function() {
  if (length(session$runs) > 0) session$runs[[length(session$runs)]]
}

# The run to read from or to change.
resolve_run_id <- function(run_id, client, call = rlang::caller_env()) {
  if (!is.null(run_id)) return(check_id(run_id, call = call))
  if (!is.null(client)) {
    abort("`run_id` must be specified when `client` is specified.", "invalid_argument", call = call)
  }
  active_run_id() %||% abort(
    "`run_id` must be specified when there is no active run.",
    "no_active_run",
    call = call
  )
}

# The run to log to; without one, one is started and stays active.
logging_run_id <- function(run_id, client, call = rlang::caller_env()) {
  if (is.null(run_id) && is.null(client) && is.null(active_run_id())) mlflow_start_run()
  resolve_run_id(run_id, client, call)
}

context_tags <- function(parent, description) {
  source <- source_name()
  commit <- git_commit(if (file.exists(source)) dirname(source) else getwd())
  check_tags(compact(list(
    mlflow.user = user_name(),
    mlflow.source.name = source,
    mlflow.source.type = "LOCAL",
    mlflow.source.version = commit,
    mlflow.source.git.commit = commit,
    mlflow.parentRunId = parent,
    mlflow.note.content = check_string(description, null = TRUE)
  )))
}

user_name <- function() {
  user <- Sys.info()[["effective_user"]]
  if (is.na(user) || !nzchar(user)) "unknown" else user
}

# The document that is knitted, the script that runs, or the one that is open in RStudio.
source_name <- function() {
  document <- if (isNamespaceLoaded("knitr")) knitr::current_input(dir = TRUE)
  if (!is.null(document)) return(document)
  file <- grep("^--file=", commandArgs(FALSE), value = TRUE)
  if (length(file) > 0) return(sub("^--file=", "", file[[1]]))
  edited <- if (in_rstudio()) rstudioapi::getSourceEditorContext()$path
  if (length(edited) == 1 && nzchar(edited)) path.expand(edited) else "<console>"
}

in_rstudio <- function() {
  interactive() && requireNamespace("rstudioapi", quietly = TRUE) && rstudioapi::isAvailable()
}

git_commit <- function(folder) {
  if (!nzchar(Sys.which("git"))) return(NULL)
  arguments <- c("-C", shQuote(folder), "rev-parse", "HEAD")
  commit <- suppressWarnings(system2("git", arguments, stdout = TRUE, stderr = FALSE))
  if (length(commit) == 1 && grepl("^[0-9a-f]{40,64}$", commit)) commit
}
