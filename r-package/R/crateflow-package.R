#' crateflow: track, package, register and serve R models
#'
#' A client for Crateflow and MLflow tracking servers. Start with [mlflow_set_tracking_uri()], log
#' inside `with(mlflow_start_run(), { ... })`, pack a model with [crate()] and log it with
#' [mlflow_log_model()].
#'
#' @section Errors:
#' Every error of this package has the class `crateflow_error` and one that says what happened:
#' `crateflow_error_not_found`, `_already_exists`, `_invalid_input` (with `_invalid_argument` where it was
#' found before a server was asked), `_conflict`, `_unavailable`, `_unauthenticated`,
#' `_permission_denied`, `_no_server`, `_no_active_run`, `_no_active_experiment`, `_invalid_model`,
#' `_flavor_unknown`, `_missing_package`, `_no_command`, `_command_failed`, `_unfit_crate` or `_dry_run`. An
#' answer of a server also has the server's own code as class, for example
#' `crateflow_error_resource_does_not_exist`, and the fields `status`, `error_code`, `server_message` and
#' `endpoint`.
#'
#' @section Environment variables:
#' `MLFLOW_TRACKING_URI`, `MLFLOW_REGISTRY_URI`, `MLFLOW_EXPERIMENT_NAME`, `MLFLOW_EXPERIMENT_ID`,
#' `MLFLOW_RUN_ID`; `MLFLOW_TRACKING_USERNAME` with `MLFLOW_TRACKING_PASSWORD`, or
#' `MLFLOW_TRACKING_TOKEN`; `CRATEFLOW_KEYRING_SERVICE`, the service under which the system's keyring has
#' that password or token;
#' `MLFLOW_TRACKING_INSECURE_TLS` (also `MLFLOW_TRACKING_INSECURE`),
#' `MLFLOW_TRACKING_SERVER_CERT_PATH`, `MLFLOW_TRACKING_CLIENT_CERT_PATH`;
#' `MLFLOW_HTTP_REQUEST_TIMEOUT` (seconds, default 120) and `MLFLOW_HTTP_REQUEST_MAX_RETRIES`
#' (default 5); `MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING` and `MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL`
#' (seconds, default 10).
#'
#' @section Passwords:
#' A password or a token can stay in the system's keyring, which the package keyring reads. Put it there
#' once, with `keyring::key_set("mlflow", "me")` (a password) or `keyring::key_set("mlflow")` (a token), and
#' set `CRATEFLOW_KEYRING_SERVICE` to `mlflow`, for a password `MLFLOW_TRACKING_USERNAME` to `me` besides.
#'
#' @section Versions:
#' Tested with R 4.2.2, httr2 0.2.2 and testthat 3.1.6, as Debian 12 has them, and with R 4.6.2, httr2 1.3.0,
#' testthat 3.3.2, caret 7.0, recipes 1.3.3, ranger 0.18.0 and xgboost 3.2.1. To serve crates with R 4.5 or
#' later, the command `crateflow` needs version 3.6.6 or later of the Python package rpy2-rinterface, with an
#' earlier R one up to 3.6.5.
#'
#' @keywords internal
"_PACKAGE"

# What this R session is doing: the only mutable state of the package.
session <- new.env(parent = emptyenv())
session$tracking_uri <- NULL
session$registry_uri <- NULL
session$experiment_id <- NULL
# The stack of active runs, innermost last.
session$runs <- character()
# The run that ended last.
session$last_run <- NULL
# The run that is shared with other processes, see mlflow_share_run().
session$shared_run <- NULL
# The parameters that a project gave its script.
session$params <- NULL
# The passwords read from a keyring.
session$secrets <- list()
# What all requests have in common, with the settings it was made for.
session$base_request <- NULL
# The processes that watch the system, by run.
session$samplers <- list()
# How trainings are to be logged, and the one under way.
session$autolog <- NULL
session$training <- NULL

.onLoad <- function(libname, pkgname) {
  # carrier has a print method for the same class; whoever has it loaded keeps it.
  if (!isNamespaceLoaded("carrier")) {
    registerS3method("print", "crate", crate_print, envir = asNamespace(pkgname))
  }
  reg.finalizer(session, function(state) end_abandoned_runs(), onexit = TRUE)
}

.onUnload <- function(libpath) {
  mlflow_autolog_off()
}

#' @importFrom rlang %||%
NULL
