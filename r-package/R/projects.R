#' A parameter of a script
#'
#' Its value is that of the command line (`Rscript train.R --alpha 0.5`, or `-P alpha=0.5` when a project
#' is run), else the default. It is not logged.
#'
#' @param name Its name; on the command line `-` may stand for `_`.
#' @param default Its value when none is given.
#' @param type `"numeric"`, `"integer"`, `"logical"` or `"string"`; by default that of `default`.
#' @param description What it means, for readers of the script.
#' @returns The value, of the type.
#' @export
#' @examples
#' mlflow_param("alpha", 0.5)
mlflow_param <- function(name, default = NULL, type = NULL, description = NULL) {
  name <- check_string(name)
  type <- check_string(type, null = TRUE)
  check_string(description, null = TRUE, empty = TRUE)
  if (is.null(default) && is.null(type)) {
    abort("At least one of `default` or `type` must be specified.", "invalid_argument")
  }
  type <- type %||% typed_as(default)
  if (!type %in% names(param_types)) {
    abort("{.arg type} must be one of {.val {names(param_types)}}, not {.val {type}}.", "invalid_argument")
  }
  value <- (session$params %||% command_params(commandArgs(trailingOnly = TRUE)))[[name]] %||% default
  if (is.null(value)) {
    abort("The parameter `{name}` needs a value: {.code --{name} <value>}.", "invalid_argument")
  }
  typed <- suppressWarnings(param_types[[type]](value))
  if (is.na(typed)) abort("The parameter `{name}` must be {type}, not {.val {value}}.", "invalid_argument")
  typed
}

param_types <- list(
  numeric = as.numeric,
  integer = function(x) if (isTRUE(as.numeric(x) == trunc(as.numeric(x)))) as.integer(x) else NA,
  logical = as.logical,
  string = as.character
)

typed_as <- function(x) {
  if (is.logical(x)) return("logical")
  if (is.integer(x)) "integer" else if (is.numeric(x)) "numeric" else "string"
}

#' Read the parameters of a command line
#'
#' @param arguments Texts such as `--alpha 0.5` and `--alpha=0.5`.
#' @returns Named list of texts.
#' @noRd
command_params <- function(arguments) {
  params <- list()
  while (length(arguments) > 0) {
    flag <- arguments[[1]]
    arguments <- arguments[-1]
    # Rscript hands on the `--args` of its own command line as well.
    if (!startsWith(flag, "--") || flag == "--args") next
    name <- gsub("-", "_", sub("=.*", "", substring(flag, 3)))
    if (grepl("=", flag)) {
      value <- sub("^[^=]*=", "", flag)
    } else {
      if (length(arguments) == 0) break
      value <- arguments[[1]]
      arguments <- arguments[-1]
    }
    if (nzchar(name)) params[[name]] <- value
  }
  params
}

#' Run a project
#'
#' By the command `crateflow run`, see [mlflow_server()] for where it is found. What the project prints is
#' shown while it runs.
#'
#' @param uri Folder of the project, or address of a git repository, with `#folder` if it is not at its
#'   root.
#' @param entry_point What to run: an entry point of the file MLproject, or a script. By default `main`.
#' @param version Branch, tag or commit of a git repository.
#' @param parameters Named list or vector.
#' @param experiment_id,experiment_name Experiment of the run, by id or by name; by default the active one.
#' @param backend,backend_config,env_manager,storage_dir Passed on to the command.
#' @param no_conda Kept for scripts written for MLflow 1: `TRUE` is `env_manager = "local"`.
#' @returns The run's id, invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI")) && nzchar(Sys.which("crateflow"))
#' project <- tempfile("project-")
#' dir.create(project)
#' writeLines(
#'   c(
#'     "library(crateflow)",
#'     "with(mlflow_start_run(), mlflow_log_param('alpha', mlflow_param('alpha', 0.5)))"
#'   ),
#'   file.path(project, "train.R")
#' )
#' run_id <- mlflow_run(project, "train.R", parameters = list(alpha = 0.2))
#' mlflow_get_run(run_id)
mlflow_run <- function(uri = ".", entry_point = NULL, version = NULL, parameters = NULL,
                       experiment_id = NULL, experiment_name = NULL, backend = NULL,
                       backend_config = NULL, env_manager = NULL, storage_dir = NULL,
                       no_conda = FALSE) {
  if (!is.null(experiment_name) && !is.null(experiment_id)) {
    abort("Only one of `experiment_name` and `experiment_id` can be given.", "invalid_argument")
  }
  if (check_flag(no_conda)) env_manager <- "local"
  if (is.null(experiment_name)) {
    experiment_id <- check_id(experiment_id, null = TRUE) %||% active_experiment_id()
  }
  pairs <- vapply(check_tags(parameters), function(x) paste0(x$key, "=", x$value), "")
  option <- function(flag, value) command_option(flag, check_string(value, null = TRUE, arg = flag))
  said <- run_command("run", c(
    check_string(uri),
    option("--entry-point", entry_point),
    option("--version", version),
    as.character(rbind(rep("-P", length(pairs)), pairs)),
    command_option("--experiment-id", experiment_id),
    option("--experiment-name", experiment_name),
    option("--backend", backend),
    option("--backend-config", backend_config),
    option("--env-manager", env_manager),
    option("--storage-dir", storage_dir)
  ))
  done <- regmatches(said, regexec("=== Run [(]ID '([^']+)'[)] succeeded ===", said))
  invisible(done[lengths(done) > 0][[1]][[2]])
}

#' Run a script of a project
#'
#' Reads the parameters of the command line for [mlflow_param()] and sources the script. A run that it
#' leaves active is closed as failed. Used by the commands of a project, not in an interactive session:
#' `Rscript -e "crateflow::mlflow_source('train.R')" --args --alpha 0.5`.
#'
#' @param uri Path of the script.
#' @returns NULL, invisibly.
#' @export
#' @examples
#' script <- file.path(tempdir(), "train.R")
#' writeLines("alpha <- crateflow::mlflow_param('alpha', 0.5)", script)
#' if (!interactive()) mlflow_source(script)
mlflow_source <- function(uri) {
  if (interactive()) {
    abort("`mlflow_source()` cannot be used in an interactive session: use `source()`.", "invalid_argument")
  }
  uri <- check_string(uri)
  if (!file.exists(uri)) abort("There is no script {.path {uri}}.", "not_found")
  session$params <- command_params(commandArgs(trailingOnly = TRUE))
  before <- session$runs
  on.exit({
    session$params <- NULL
    for (run_id in rev(setdiff(session$runs, before))) close_failed_run(run_id, "FAILED")
  })
  source(uri, local = new.env(parent = globalenv()))
  invisible(NULL)
}
