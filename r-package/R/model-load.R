#' Load a model
#'
#' A model that Python wrote is served by the command `crateflow`, see [mlflow_models_serve()], until the end
#' of the session; [mlflow_predict()] asks that server.
#'
#' @inheritParams mlflow_create_experiment
#' @param model_uri Where the model is: `runs:/<run id>/<path>`, `models:/<name>/<version>`,
#'   `models:/<name>/<stage>`, `models:/<name>/latest`, `models:/<name>@<alias>`, or a folder of this
#'   machine.
#' @param flavor Which of the model's flavors to load; by default the first that R can.
#' @returns The model: for a crate, the function; for a model of Python, an object of class
#'   `mlflow_served_model`.
#' @export
#' @examples
#' path <- file.path(tempdir(), "loadable")
#' mlflow_save_model(crate(function(x) x$Sepal.Length / 2), path)
#' model <- mlflow_load_model(path)
#' mlflow_predict(model, head(iris))
mlflow_load_model <- function(model_uri, flavor = NULL, client = NULL) {
  uri <- check_string(model_uri)
  flavor <- check_string(flavor, null = TRUE)
  folder <- fetch_model(uri, client, file.path(withr::local_tempdir(), "model"))
  spec <- read_spec(folder)
  name <- choose_flavor(spec, flavor)
  mlflow_load_flavor(new_flavor(name, spec$flavors[[name]]), folder)
}

new_flavor <- function(name, fields) {
  structure(list(name = name, fields = fields), class = c(flavor_class(name), "mlflow_flavor"))
}

flavor_class <- function(name) {
  paste0("mlflow_flavor_", name)
}

choose_flavor <- function(spec, wanted, call = rlang::caller_env()) {
  present <- names(spec$flavors)
  if (!is.null(wanted) && !wanted %in% present) {
    abort("The model has no flavor '{wanted}', only {.val {present}}.", "flavor_unknown", call = call)
  }
  loadable <- Filter(function(name) {
    !is.null(utils::getS3method("mlflow_load_flavor", flavor_class(name), optional = TRUE))
  }, wanted %||% present)
  # What R itself loads goes before what needs a server.
  if (length(loadable) > 1) loadable <- setdiff(loadable, "python_function")
  if (length(loadable) == 0) {
    abort(
      c(
        paste(
          "R cannot load this model: its flavors are {.val {present}}, and R loads {.val crate} and",
          "{.val python_function}."
        ),
        i = "A package that loads it has a method for {.fn mlflow_load_flavor}."
      ),
      "flavor_unknown",
      flavors = present,
      call = call
    )
  }
  if (length(loadable) > 1) {
    warn(
      "The model has several flavors that R can load, {.val {loadable}}; taking the first.",
      "several_flavors"
    )
  }
  loadable[[1]]
}

#' Load a model by its flavor
#'
#' Packages that add a flavor write a method for `mlflow_flavor_<name>`.
#'
#' @param flavor Object of class `mlflow_flavor_<name>`: a list of `name` and `fields`, the flavor's
#'   section of the MLmodel file.
#' @param model_path The model's folder.
#' @returns The model.
#' @export
#' @examples
#' path <- file.path(tempdir(), "flavored")
#' mlflow_save_model(crate(function(x) x$Sepal.Length / 2), path)
#' flavor <- structure(
#'   list(name = "crate", fields = list(model = "crate.bin")),
#'   class = c("mlflow_flavor_crate", "mlflow_flavor")
#' )
#' mlflow_load_flavor(flavor, path)
mlflow_load_flavor <- function(flavor, model_path) {
  UseMethod("mlflow_load_flavor")
}

#' @export
mlflow_load_flavor.mlflow_flavor_crate <- function(flavor, model_path) {
  fields <- flavor$fields
  load_packages(fields$packages)
  file <- file.path(model_path, check_artifact_path(fields$model %||% "crate.bin", arg = "model"))
  read_crate(file, fields$crate_sha256)
}

#' @export
mlflow_load_flavor.mlflow_flavor_python_function <- function(flavor, model_path) {
  # The folder is gone when the model is loaded, and the server reads it as long as it runs.
  folder <- tempfile("model-")
  dir.create(folder)
  files <- list.files(model_path, full.names = TRUE, all.files = TRUE, no.. = TRUE)
  file.copy(files, folder, recursive = TRUE)
  structure(list(server = mlflow_models_serve(folder)), class = "mlflow_served_model")
}

#' @export
print.mlflow_served_model <- function(x, ...) {
  show_lines("<mlflow_served_model> ", x$server$server_url)
  invisible(x)
}

# Before the crate is read: unserialize() says nothing about a package that is absent, and
# stats::predict() finds the methods of loaded packages only.
load_packages <- function(packages, call = rlang::caller_env()) {
  names <- as.character(names(packages))
  absent <- Filter(function(name) !nzchar(system.file(package = name)), names)
  if (length(absent) > 0) abort_missing_packages(absent, "The model needs", call)
  for (name in names) loadNamespace(name)
  here <- vapply(names, function(name) as.character(utils::packageVersion(name)), "")
  base <- vapply(names, function(name) package_source(name) == "base", NA)
  differs <- names[here != as.character(packages) & !base]
  if (length(differs) > 0) {
    versions <- paste0(differs, " ", packages[differs], ", here ", here[differs], collapse = "; ")
    warn("The model was made with other versions of packages: {versions}.", "package_versions")
  }
}

read_crate <- function(file, sha256 = NULL, call = rlang::caller_env()) {
  damaged <- function(cause) {
    abort(
      c(
        "{.path {file}} cannot be read as a crate.",
        x = "{cause}",
        i = "Is the file complete? Download or log the model again."
      ),
      "invalid_model",
      call = call
    )
  }
  if (!file.exists(file)) damaged("The file does not exist.")
  if (!is.null(sha256) && file_sha256(file) != sha256) {
    damaged("Its content is not what was saved: the SHA-256 sum differs.")
  }
  failed <- function(cnd) damaged(conditionMessage(cnd))
  bytes <- tryCatch(suppressWarnings(readRDS(file)), error = failed)
  if (!is.raw(bytes)) {
    damaged(paste0("It is an RDS of ", describe(bytes), ", not of a serialized function."))
  }
  crate <- tryCatch(unserialize(bytes), error = failed)
  if (!is.function(crate)) damaged(paste0("It holds ", describe(crate), ", not a function."))
  crate
}

#' Predict with a model
#'
#' @param model A model, such as from [mlflow_load_model()]; or a fitted model, which predicts as it would
#'   when it is logged.
#' @param data Data frame.
#' @param ... Further arguments of the model, for one of Python its params.
#' @returns What the model predicts.
#' @export
#' @examples
#' fit <- lm(Sepal.Width ~ Sepal.Length, iris)
#' predictor <- crate(function(x) stats::predict(model, x), model = fit)
#' mlflow_predict(predictor, head(iris))
mlflow_predict <- function(model, data, ...) {
  UseMethod("mlflow_predict")
}

#' @param type For fitted models, what to predict, see [mlflow_save_model()].
#' @rdname mlflow_predict
#' @export
mlflow_predict.default <- function(model, data, ..., type = NULL) {
  pack(model, type, rlang::current_env())(data, ...)
}

#' @export
mlflow_predict.crate <- function(model, data, ...) {
  model(data, ...)
}

#' @export
mlflow_predict.mlflow_served_model <- function(model, data, ...) {
  mlflow_score(model$server$server_url, data, params = list(...))
}
