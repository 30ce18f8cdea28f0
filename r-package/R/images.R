# Images that score with a model, made by the command `crateflow`.

#' Put a model into an image
#'
#' `mlflow_build_docker()` builds a container image that scores with a model, on port 8080;
#' `mlflow_generate_dockerfile()` writes the folder it would be built from, for machines that build images
#' themselves. Both are the work of the command `crateflow`, see [mlflow_server()] for where it is found, and
#' show what it prints. Building takes Docker, or what `engine` names; an R model then runs in the R
#' it was saved with.
#'
#' @param model_uri The model, see [mlflow_load_model()], a crate or one that Python wrote. By default the
#'   image scores with the model that is mounted at `/opt/ml/model` when it is run.
#' @param name Name of the image.
#' @param output_dir Folder to write, which is made if it does not exist.
#' @param env_manager `"local"` (the default) takes R packages as Debian has them and builds what it has
#'   not; `"library"` builds each in the version the model was saved with.
#' @param base_image Image to start from; by default one with the R, or the Python, of the model.
#' @param r_repositories Addresses of repositories to take R packages from.
#' @param system_packages Names of further Debian packages.
#' @param install_java Whether the image has a Java runtime; by default only for models of Spark.
#' @param engine `"docker"` (the default), `"podman"` or `"buildah"`.
#' @returns `mlflow_build_docker()` returns `name`, `mlflow_generate_dockerfile()` the path of the folder;
#'   both invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI")) && nzchar(Sys.which("crateflow"))
#' fit <- lm(Sepal.Width ~ Sepal.Length, iris)
#' path <- file.path(tempfile("image-"), "model")
#' mlflow_save_model(fit, path)
#' folder <- mlflow_generate_dockerfile(path, file.path(dirname(path), "image"))
#' list.files(folder)
#'
#' \dontrun{
#' mlflow_build_docker(path, "irises")
#' # docker run --rm -p 8080:8080 irises
#' mlflow_score("http://127.0.0.1:8080", iris[1:3, ])
#' }
mlflow_build_docker <- function(model_uri = NULL, name = "mlflow-pyfunc", env_manager = NULL,
                                base_image = NULL, r_repositories = NULL, system_packages = NULL,
                                install_java = NULL, engine = NULL) {
  name <- check_string(name)
  run_command(c("models", "build-docker"), c(
    "--name", name,
    image_options(model_uri, env_manager, base_image, r_repositories, system_packages, install_java),
    command_option("--engine", check_string(engine, null = TRUE))
  ))
  invisible(name)
}

#' @rdname mlflow_build_docker
#' @export
mlflow_generate_dockerfile <- function(model_uri = NULL, output_dir = "mlflow-dockerfile", env_manager = NULL,
                                       base_image = NULL, r_repositories = NULL, system_packages = NULL,
                                       install_java = NULL) {
  output_dir <- path.expand(check_string(output_dir))
  run_command(c("models", "generate-dockerfile"), c(
    "--output-directory", output_dir,
    image_options(model_uri, env_manager, base_image, r_repositories, system_packages, install_java)
  ))
  invisible(normalizePath(output_dir))
}

image_options <- function(model_uri, env_manager, base_image, r_repositories, system_packages, install_java,
                          call = rlang::caller_env()) {
  text <- function(flag, x, arg) {
    command_option(flag, check_string(x, null = TRUE, arg = arg, call = call))
  }
  texts <- function(flag, x, arg) {
    unlist(lapply(check_texts(x, arg = arg, call = call), command_option, flag = flag))
  }
  java <- if (!is.null(install_java)) check_flag(install_java, call = call)
  c(
    text("--model-uri", if (is.character(model_uri)) path.expand(model_uri) else model_uri, "model_uri"),
    text("--env-manager", env_manager, "env_manager"),
    text("--base-image", base_image, "base_image"),
    texts("--r-repository", r_repositories, "r_repositories"),
    texts("--system-package", system_packages, "system_packages"),
    command_option("--install-java", if (!is.null(java)) tolower(java))
  )
}
