#' Install or remove MLflow
#'
#' Kept for scripts written for MLflow 1. There is nothing to install: this package needs no Python.
#'
#' @param ... Ignored.
#' @returns NULL, invisibly.
#' @export
#' @examples
#' install_mlflow()
install_mlflow <- function(...) {
  message("Nothing to install: tracking from R needs no Python.")
  invisible(NULL)
}

#' @rdname install_mlflow
#' @export
uninstall_mlflow <- function(...) {
  message("Nothing to remove: tracking from R needs no Python.")
  invisible(NULL)
}
