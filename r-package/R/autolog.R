#' Log trainings by themselves
#'
#' After `mlflow_autolog()`, every model that a script fits is logged: to the active run or, without one, to
#' a run of its own, which carries the tag `mlflow.autologging`. `mlflow_fit()` does the same for one
#' expression, whatever function fits the model, those of tidymodels included.
#'
#' Logged by themselves are `lm()`, `glm()`, `rpart()`, `ranger()`, `randomForest()`, `xgb.train()` and
#' caret's `train()`, whether their packages are loaded already or later. Each leaves its params, such as the
#' formula; measures of its fit on the training data; tables and pictures, such as the coefficients and the
#' residuals; the name, digest and columns of its data; and the model. `train()` also leaves
#' `cv_results.csv`, `resamples.csv` and a child run for each of its best candidates. Models of other kinds,
#' which `mlflow_fit()` takes, leave their formula and the measures that follow from their likelihood.
#'
#' A training counts once: the forests that `train()` grows are part of it. What an installed package fits for
#' purposes of its own, such as the line in a plot, is not logged; put it into `mlflow_fit()` where it
#' should be. When logging fails, there is a warning, and the model is returned all the same. A run of its
#' own ends as failed with a training that fails, and as killed with one that is interrupted.
#'
#' @param log_models Whether to log the model, as `model`.
#' @param log_datasets Whether to note the training data, see [mlflow_log_input()].
#' @param exclusive Whether to leave active runs alone, and to log only where none is active.
#' @param silent Whether not to warn when logging fails.
#' @param registered_model_name Registered model to make a version of.
#' @param extra_tags Named list or vector: tags of the runs that are started for a training.
#' @param max_tuning_runs How many of the candidates of `train()` get a child run, the best ones.
#' @param exclude Names of packages whose trainings are not to be logged.
#' @returns `mlflow_autolog()` returns the names of the packages it logs, invisibly, and
#'   `mlflow_autolog_off()`, after which all functions are as they were, NULL, invisibly. `mlflow_fit()`
#'   returns the value of `expr`.
#' @export
#' @examples
#' mlflow_autolog(log_models = FALSE)
#' mlflow_autolog_off()
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' fit <- mlflow_fit(lm(Sepal.Width ~ Sepal.Length, iris))
#' mlflow_last_active_run()$metrics[[1]]
mlflow_autolog <- function(log_models = TRUE, log_datasets = TRUE, exclusive = FALSE, silent = FALSE,
                           registered_model_name = NULL, extra_tags = NULL, max_tuning_runs = 5,
                           exclude = NULL) {
  options <- training_options(
    log_models, log_datasets, exclusive, silent, registered_model_name, extra_tags, max_tuning_runs
  )
  exclude <- as.character(check_texts(exclude))
  unknown <- setdiff(exclude, names(training_functions))
  if (length(unknown) > 0) {
    abort(
      "{.arg exclude} must be of {.val {names(training_functions)}}; {.val {unknown}} is not.",
      "invalid_argument"
    )
  }
  mlflow_autolog_off()
  session$autolog <- c(options, list(packages = setdiff(names(training_functions), exclude)))
  for (package in session$autolog$packages) {
    if (isNamespaceLoaded(package)) observe_package(package)
    setHook(packageEvent(package, "onLoad"), observe_package)
  }
  invisible(session$autolog$packages)
}

#' @rdname mlflow_autolog
#' @export
mlflow_autolog_off <- function() {
  for (package in session$autolog$packages) {
    event <- packageEvent(package, "onLoad")
    setHook(event, Filter(function(hook) !identical(hook, observe_package), getHook(event)), "replace")
    leave_package(package)
  }
  session$autolog <- NULL
  invisible(NULL)
}

#' @param expr Code whose value is a fitted model.
#' @rdname mlflow_autolog
#' @export
mlflow_fit <- function(expr, log_models = TRUE, log_datasets = TRUE, registered_model_name = NULL,
                       extra_tags = NULL, max_tuning_runs = 5) {
  options <- training_options(
    log_models, log_datasets,
    registered_model_name = registered_model_name, extra_tags = extra_tags, max_tuning_runs = max_tuning_runs
  )
  # One inside another is a part of it.
  if (is.null(session$training)) {
    start_training(options, frame = environment())
    on.exit(end_training(environment(), returnValue(no_value)))
  }
  withCallingHandlers(expr, interrupt = note_interrupt)
}

training_options <- function(log_models, log_datasets, exclusive = FALSE, silent = FALSE,
                             registered_model_name, extra_tags, max_tuning_runs,
                             call = rlang::caller_env()) {
  check_tags(extra_tags, call = call)
  list(
    log_models = check_flag(log_models, call = call),
    log_datasets = check_flag(log_datasets, call = call),
    exclusive = check_flag(exclusive, call = call),
    silent = check_flag(silent, call = call),
    registered_model_name = check_string(registered_model_name, null = TRUE, call = call),
    extra_tags = as.list(extra_tags),
    max_tuning_runs = check_number(max_tuning_runs, call = call)
  )
}
