#' Log a model to a run
#'
#' Saves the model (see [mlflow_save_model()]), uploads its files and, with `registered_model_name`,
#' registers it. A crate is checked first: what it uses but does not contain, how large it is, which
#' packages it needs, and, with an `input_example`, whether it predicts in a fresh R process.
#'
#' @inheritParams mlflow_create_experiment
#' @param model A [crate()], a fitted model or a function.
#' @param artifact_path Folder within the run's files.
#' @param ... For [mlflow_save_model()], such as `type = "prob"` or `dry_run = FALSE`.
#' @param registered_model_name Name to register the model under; created if there is none.
#' @param signature,input_example,packages,metadata See [mlflow_save_model()].
#' @param run_id By default the active run.
#' @returns The listing of the model's files, see [mlflow_list_artifacts()], with the attribute
#'   `model_info`: a list of `model_uri`, `run_id`, `artifact_path`, `model_uuid`, `utc_time_created`,
#'   `flavors`, `signature` and, if registered, `registered_model_version`.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' fit <- lm(Sepal.Width ~ Sepal.Length, iris)
#' predictor <- crate(function(x) stats::predict(model, x), model = fit)
#' with(mlflow_start_run(), {
#'   mlflow_log_model(predictor, "model", input_example = head(iris["Sepal.Length"]))
#'   mlflow_log_model(fit, "the same, packed and described by itself")
#' })
mlflow_log_model <- function(model, artifact_path, ..., registered_model_name = NULL,
                             signature = NULL, input_example = NULL, packages = NULL,
                             metadata = NULL, run_id = NULL, client = NULL) {
  artifact_path <- check_artifact_path(check_string(artifact_path))
  name <- check_string(registered_model_name, null = TRUE)
  run_id <- logging_run_id(run_id, client)
  given <- client
  client <- as_client(given)

  folder <- file.path(withr::local_tempdir(), "model")
  spec <- mlflow_save_model(
    model, folder,
    model_spec = list(run_id = run_id, artifact_path = artifact_path), ...,
    signature = signature, input_example = input_example, packages = packages, metadata = metadata
  )
  files <- list.files(folder, all.files = TRUE, recursive = TRUE)
  root <- run_artifact_root(client, run_id)
  upload_files(root, file.path(folder, files), join_path(artifact_path, files))
  record_model(client, run_id, spec)

  uri <- paste0("runs:/", run_id, "/", artifact_path)
  version <- if (!is.null(name)) mlflow_register_model(uri, name, run_id, client = given)
  shown <- c("run_id", "artifact_path", "model_uuid", "utc_time_created", "flavors", "signature")
  listing <- artifact_table(list_run_artifacts(client, run_id, artifact_path)$files)
  attr(listing, "model_info") <- compact(
    c(list(model_uri = uri), spec[shown], registered_model_version = version$version)
  )
  listing
}

# Note the model in the run's history. The files are there already, so a refusal is only a warning.
record_model <- function(client, run_id, spec) {
  body <- list(run_id = run_id, model_json = to_json(compact(spec)))
  tryCatch(
    request_build(client, "POST", "runs/log-model", body = body) |> request_perform(),
    crateflow_error = function(cnd) {
      warn(
        c(
          "The model is logged, but the server did not note it with the run.",
          x = "{conditionMessage(cnd)}"
        ),
        "model_not_noted"
      )
    }
  )
}
