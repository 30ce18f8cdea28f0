#' Save a model to a folder
#'
#' Writes the model with everything another process needs to load and serve it. Packages can add
#' methods for their own classes.
#'
#' A fitted model or a plain function is packed into a [crate()] first. Models of `lm()`, `glm()`,
#' `nls()`, `loess()`, mgcv, lme4, rpart, ranger, randomForest, glmnet, e1071's `svm()`, `coxph()`, nnet,
#' `MASS::lda()` and `qda()`, caret, xgboost, lightgbm, parsnip and workflows are known. What they keep
#' of their training data stays behind where the predictions for the example remain identical, and the
#' example itself is taken from that data when none is given. A function takes along the objects of
#' its script that it uses.
#'
#' @param model A [crate()], a fitted model or a function.
#' @param path Folder to write; a model that is there already is replaced.
#' @param model_spec Fields of the MLmodel file that are known already.
#' @param ... For methods.
#' @returns The content of the MLmodel file, a list, invisibly.
#' @export
#' @examples
#' fit <- lm(Sepal.Width ~ Sepal.Length, iris)
#' predictor <- crate(function(x) stats::predict(model, x), model = fit)
#' path <- file.path(tempdir(), "irises")
#' mlflow_save_model(predictor, path, input_example = head(iris["Sepal.Length"]))
#' list.files(path)
#'
#' mlflow_save_model(fit, path)
#' mlflow_predict(mlflow_load_model(path), head(iris))
mlflow_save_model <- function(model, path, model_spec = list(), ...) {
  UseMethod("mlflow_save_model")
}

#' @param type What to predict where the family of models has a choice: `"response"`, `"class"`, `"prob"`,
#'   `"link"`, `"lp"` or `"risk"`; a model that classifies predicts the class by itself, a `glm()` or
#'   `gam()` the response.
#' @rdname mlflow_save_model
#' @export
mlflow_save_model.default <- function(model, path, model_spec = list(), ..., type = NULL,
                                      input_example = NULL) {
  packed <- pack(model, type, call = rlang::current_env())
  example <- input_example %||% training_example(model)
  if (is.null(example)) {
    rlang::inform(
      c(
        "The data that the model was fitted on is not at hand: it is saved without signature.",
        i = "Give an `input_example`, and a server can check what it is sent."
      ),
      class = "crateflow_message_no_example"
    )
  }
  if (is.data.frame(example)) packed <- drop_training_data(packed, example)
  mlflow_save_model(packed, path, model_spec, ..., input_example = example)
}

#' @param signature From [mlflow_infer_signature()]; by default inferred from `input_example` and what
#'   the crate predicts for it. Unless it has params, they are the crate's further arguments that have
#'   a default; of a default of several texts, as for [match.arg()], the first.
#' @param input_example Data frame, some rows that the model can predict.
#' @param packages Names of packages to load with the crate, besides those found in its code and by the
#'   classes of its objects.
#' @param metadata Named list, kept with the model.
#' @param dry_run Whether to try the crate in a fresh R process, and to compare what it predicts there
#'   for `input_example` with what it predicts here. It may take as many seconds as the option
#'   `crateflow.dry_run_timeout_s` says, by default 120.
#' @param batchable Whether a server may predict the rows of several requests together; by default
#'   found out in the dry run.
#' @rdname mlflow_save_model
#' @export
mlflow_save_model.crate <- function(model, path, model_spec = list(), ..., signature = NULL,
                                    input_example = NULL, packages = NULL, metadata = NULL,
                                    dry_run = !is.null(input_example), batchable = NULL) {
  check_no_more(...)
  path <- check_model_path(path)
  check_save_arguments(signature, input_example, metadata, dry_run)
  columns <- c(names(input_example), vapply(signature$inputs, function(x) x$name %||% "", ""))
  check_crate(model, columns)
  packages <- crate_packages(model, unlist(check_texts(packages)))

  folder <- withr::local_tempdir(tmpdir = dirname(path))
  crate_file <- file.path(folder, "crate.bin")
  saveRDS(serialize(model, NULL), crate_file)

  output <- NULL
  if (dry_run) {
    trial <- dry_run(folder, names(packages), input_example)
    check_same_prediction(model, input_example, trial$value)
    output <- trial$value
    batchable <- batchable %||% is_row_wise(output, trial$alone, nrow(input_example))
  } else if (!is.null(input_example)) {
    output <- model(input_example)
  }
  signature <- complete_signature(signature, model, input_example, output)

  spec <- utils::modifyList(new_spec(), model_spec)
  spec$flavors <- c(spec$flavors, crate_flavors(crate_file, packages, signature, output, batchable))
  spec$signature <- if (!is.null(signature)) signature_fields(signature)
  spec$saved_input_example_info <- if (!is.null(input_example)) write_example(input_example, folder)
  spec$metadata <- metadata
  data <- c("crate.bin", if (!is.null(input_example)) example_files)
  spec$model_size_bytes <- sum(file.size(file.path(folder, data)))
  write_utf8(to_yaml(r_environment(packages)), file.path(folder, "r_env.yaml"))
  write_lockfile(names(packages), folder)
  write_spec(spec, folder)
  move_folder(folder, path)
  invisible(spec)
}

# Inferred where it was not given and there is an example, with the params of the crate.
complete_signature <- function(signature, crate, input_example, output) {
  if (is.null(signature) && !is.null(input_example)) {
    signature <- mlflow_infer_signature(input_example, prediction_of(output))
  }
  if (!is.null(signature)) signature$params <- signature$params %||% crate_params(crate)
  signature
}

# The flavor that R loads, and the one by which Python loads the same file.
crate_flavors <- function(crate_file, packages, signature, output, batchable) {
  crate <- list(
    version = "0.1.0",
    model = "crate.bin",
    r_version = as.character(getRversion()),
    serialization_version = 3,
    packages = as.list(packages),
    crate_sha256 = file_sha256(crate_file),
    predict_class = if (!is.null(output)) class(output)[[1]],
    input_levels = if (length(signature$levels) > 0) lapply(signature$levels, as.list),
    input_types = if (length(signature$types) > 0) signature$types,
    input_zones = if (length(signature$zones) > 0) signature$zones,
    batchable = batchable
  )
  # An empty map, where an empty list would be an empty sequence.
  if (length(packages) == 0) crate$packages <- stats::setNames(list(), character())
  list(
    crate = compact(crate),
    python_function = list(
      loader_module = "rbridge",
      data = "crate.bin",
      env = list(r = "r_env.yaml")
    )
  )
}

example_files <- c("input_example.json", "serving_input_example.json")

write_example <- function(example, folder) {
  text <- split_json(example)
  # Readers of the second file expect strict JSON.
  strict <- replace_bare_words(text, "-?Infinity|NaN", "null")
  serving <- jsonlite::prettify(paste0("{\"dataframe_split\": ", strict, "}"), indent = 2)
  write_utf8(text, file.path(folder, example_files[[1]]))
  write_utf8(serving, file.path(folder, example_files[[2]]))
  list(
    artifact_path = example_files[[1]],
    pandas_orient = "split",
    serving_input_path = example_files[[2]],
    type = "dataframe"
  )
}

check_model_path <- function(path, call = rlang::caller_env()) {
  path <- check_string(path, arg = "path", call = call)
  occupied <- file.exists(path) && length(list.files(path, all.files = TRUE, no.. = TRUE)) > 0
  if (file.exists(path) && (!dir.exists(path) || occupied && !file.exists(file.path(path, "MLmodel")))) {
    abort(
      c(
        "{.path {path}} holds something that is not a model; it is left alone.",
        i = "Save to a new folder."
      ),
      "already_exists",
      call = call
    )
  }
  dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
  file.path(normalizePath(dirname(path)), basename(path))
}

check_save_arguments <- function(signature, input_example, metadata, dry_run,
                                 call = rlang::caller_env()) {
  if (!is.null(signature)) check_signature(signature, call = call)
  if (!is.null(input_example) && !(is.data.frame(input_example) && nrow(input_example) > 0)) {
    abort("{.arg input_example} must be a data frame with rows, not {describe(input_example)}.",
      "invalid_argument",
      call = call
    )
  }
  check_named_list(metadata, call = call)
  check_flag(dry_run, call = call)
  if (dry_run && is.null(input_example)) {
    abort("A dry run needs an {.arg input_example} to predict.", "invalid_argument", call = call)
  }
}

# Put a finished folder in its place, over a model that is there.
move_folder <- function(folder, path) {
  Sys.chmod(folder, "755")
  if (dir.exists(path)) {
    old <- withr::local_tempdir(tmpdir = dirname(path))
    file.rename(path, file.path(old, "replaced"))
  }
  file.rename(folder, path)
}
