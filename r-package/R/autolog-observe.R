# Noticing trainings: base R's trace() adds a call at the begin and at the end of a function, which runs in
# its own frame, so that the call it records, its environment and its arguments are as ever.

# Those observed in each package.
training_functions <- list(
  stats = c("lm", "glm"),
  rpart = "rpart",
  ranger = "ranger",
  randomForest = "randomForest",
  xgboost = c("xgb.train", "xgboost"),
  caret = "train"
)

# In place of the value of a function that returned none, because of an error or an interrupt.
no_value <- structure(list(), class = "crateflow_no_value")

#' Observe the functions of a loaded package that fit models
#'
#' @param package Its name.
#' @param ... What else R tells the hooks of packages that are loaded.
#' @noRd
observe_package <- function(package, ...) {
  begin <- as.call(list(enter_training, package, quote(environment())))
  end <- as.call(list(end_training, quote(environment()), call("returnValue", no_value)))
  for_each_binding(package, function(name, where) {
    suppressMessages(trace(name, tracer = begin, exit = end, print = FALSE, where = where))
  })
}

leave_package <- function(package) {
  if (!isNamespaceLoaded(package)) return(invisible())
  for_each_binding(package, function(name, where) {
    if (methods::is(get(name, where), "functionWithTrace")) {
      suppressMessages(untrace(name, where = where))
    }
  })
}

# In the package itself and, where it is attached, in the copy that scripts find.
for_each_binding <- function(package, act) {
  attached <- paste0("package:", package)
  places <- c(asNamespace(package), if (attached %in% search()) as.environment(attached))
  for (where in places) {
    for (name in training_functions[[package]]) {
      if (exists(name, where, inherits = FALSE)) act(name, where)
    }
  }
}

#' Start to log a training, if it is one that the user's script asks for
#'
#' @param frame Of the function that fits the model.
#' @noRd
enter_training <- function(package, frame) {
  options <- session$autolog
  wanted <- is.null(session$training) && !is_called_by_package(frame) &&
    !(options$exclusive && !is.null(active_run_id()))
  if (wanted) start_training(options, list(mlflow.autologging = package), frame)
}

# Functions of base R, such as lapply() and do.call(), call in the name of a script.
is_called_by_package <- function(frame) {
  position <- Position(function(other) identical(other, frame), sys.frames())
  home <- topenv(sys.frame(sys.parents()[[position]]))
  isNamespace(home) && !isBaseNamespace(home)
}

start_training <- function(options, tags = list(), frame) {
  training <- list(
    options = options, frame = frame, started_run = NULL, problem = NULL, interrupted = FALSE,
    former_options = watch_interrupts()
  )
  training$problem <- problem_of(
    if (is.null(active_run_id())) {
      training$started_run <- mlflow_id(mlflow_start_run(tags = c(options$extra_tags, tags)))
    }
  )
  training$run_id <- active_run_id()
  session$training <- training
}

# R calls the function of this option on an interrupt that nothing handles: when a function ends without a
# value, that tells an interrupt from an error.
watch_interrupts <- function() {
  former <- getOption("interrupt")
  options(interrupt = function() {
    note_interrupt()
    if (is.function(former)) former()
  })
}

note_interrupt <- function(...) {
  if (!is.null(session$training)) session$training$interrupted <- TRUE
}

#' Log the model that a training returned, and end the run it started
#'
#' @param frame Of the function that ends: it may be another than that which is logged.
#' @param model `no_value` where it failed.
#' @noRd
end_training <- function(frame, model) {
  training <- session$training
  if (!identical(training$frame, frame)) return(invisible())
  on.exit({
    session$training <- NULL
    options(training$former_options)
  })
  failed <- identical(model, no_value)
  problem <- training$problem
  if (!failed && is.null(problem)) {
    problem <- problem_of(suppressMessages(log_training(model, training$run_id, training$options)))
  }
  if (!is.null(training$started_run)) {
    status <- if (!failed) "FINISHED" else if (training$interrupted) "KILLED" else "FAILED"
    close_problem <- problem_of(close_run(training$started_run, status))
    session$runs <- setdiff(session$runs, training$started_run)
    problem <- problem %||% close_problem
  }
  if (!is.null(problem) && !training$options$silent) {
    warn(c("The training could not be logged.", x = "{conditionMessage(problem)}"), "not_logged")
  }
}

# Logging must never break a training, nor change the random numbers of the script: its error is kept, to be
# told of later.
problem_of <- function(code) {
  tryCatch(
    {
      withr::with_preserve_seed(code)
      NULL
    },
    error = identity
  )
}
