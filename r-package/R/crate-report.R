#' Look for what would keep a crate from working elsewhere
#'
#' Nothing of the crate is run. [mlflow_save_model()] refuses a crate that uses what it does not
#' contain; the other findings are worth a look.
#'
#' @param crate A [crate()].
#' @param columns Names that its code may use as columns of its input.
#' @returns An object of class `mlflow_crate_report`: a list of `ok` (whether it can be saved),
#'   `functions` and `variables` (used, but neither in the crate nor in base R), `advice` on them,
#'   `packages` (versions by name), `sizes` (bytes of each object as it would be saved), `bytes` (of the
#'   whole crate), `session_objects` (external pointers and connections, which end with the session) and
#'   `locale` (functions whose result depends on the locale, and objects with texts that are not UTF-8).
#' @export
#' @examples
#' mlflow_check_crate(crate(function(x) predict(model, x), model = lm(mpg ~ wt, mtcars)))
mlflow_check_crate <- function(crate, columns = character()) {
  if (!is_crate(crate)) abort("{.arg crate} must be a crate, not {describe(crate)}.", "invalid_argument")
  missing <- crate_missing_names(crate, unlist(check_texts(columns)))
  structure(
    list(
      ok = length(missing$advice) == 0,
      functions = missing$functions,
      variables = missing$variables,
      advice = missing$advice,
      packages = crate_packages(crate),
      sizes = captured_sizes(crate),
      bytes = serialized_bytes(crate),
      session_objects = session_objects(crate),
      locale = locale_traps(crate)
    ),
    class = "mlflow_crate_report"
  )
}

#' @export
print.mlflow_crate_report <- function(x, ...) {
  verdict <- if (x$ok) "can be saved" else "cannot be saved"
  show_lines("<crate> ", format_bytes(x$bytes), ", ", verdict)
  show_lines("x ", x$advice)
  show_lines("! `", x$session_objects, "` ends with this session.")
  show_lines("! ", x$locale)
  show_lines("* `", names(x$sizes), "`: ", vapply(x$sizes, format_bytes, ""))
  show_lines("* needs ", names(x$packages), " ", x$packages)
  invisible(x)
}

#' What a crate holds
#'
#' @param object A [crate()].
#' @param ... Not used.
#' @returns `summary()` returns a tibble of the objects in the crate, largest first: `name`, `class` and
#'   `bytes` (as it would be saved). `str()` shows the arguments and the objects, and returns NULL,
#'   invisibly.
#' @export
#' @examples
#' predictor <- crate(function(x) stats::predict(model, x), model = lm(mpg ~ wt, mtcars))
#' summary(predictor)
#' str(predictor)
summary.crate <- function(object, ...) {
  sizes <- captured_sizes(object)
  classes <- vapply(names(sizes), function(name) class(get(name, environment(object)))[[1]], "")
  tibble::tibble(name = as.character(names(sizes)), class = unname(classes), bytes = unname(sizes))
}

#' @rdname summary.crate
#' @importFrom utils str
#' @export
str.crate <- function(object, ...) {
  held <- summary(object)
  arguments <- paste(names(formals(unclass(object))), collapse = ", ")
  show_lines("crate (", arguments, "), ", format_bytes(serialized_bytes(object)))
  show_lines(" $ ", held$name, ": ", held$class, ", ", vapply(held$bytes, format_bytes, ""))
  invisible(NULL)
}

# Objects -------------------------------------------------------------------------------------------

#' Find objects that end with the session
#'
#' @returns Where they are, such as `model$handle`.
#' @noRd
session_objects <- function(crate) {
  seen <- list()
  found <- character()
  visit <- function(x, place) {
    if (inherits(x, "connection") || typeof(x) %in% c("externalptr", "weakref")) {
      found <<- c(found, place)
    } else if (is.environment(x)) {
      if (is_lasting(x) || any(vapply(seen, identical, NA, x))) return()
      seen <<- c(seen, x)
      # A binding that computes its value, or a promise that fails, is not this check's to run.
      for (name in Filter(function(name) !bindingIsActive(name, x), ls(x, all.names = TRUE))) {
        value <- tryCatch(get(name, envir = x), error = function(cnd) NULL)
        visit(value, join_place(place, name))
      }
    } else if (is.function(x)) {
      visit(environment(x), place)
    } else if (isS4(x)) {
      for (name in methods::slotNames(x)) visit(methods::slot(x, name), paste0(place, "@", name))
    } else if (is.list(x)) {
      x <- unclass(x)
      names <- names(x) %||% rep("", length(x))
      for (i in seq_along(x)) visit(x[[i]], join_place(place, if (nzchar(names[[i]])) names[[i]] else i))
    }
  }
  visit(crate, "")
  found
}

is_lasting <- function(env) {
  isNamespace(env) || identical(env, globalenv()) || identical(env, baseenv()) ||
    identical(env, emptyenv()) || startsWith(environmentName(env), "package:")
}

join_place <- function(place, name) {
  if (!nzchar(place)) return(as.character(name))
  if (is.numeric(name)) paste0(place, "[[", name, "]]") else paste0(place, "$", name)
}

# Locale --------------------------------------------------------------------------------------------

# Their result depends on the order of letters, or on the names of days and months.
locale_functions <- c("sort", "order", "rank", "factor", "as.factor", "months", "weekdays", "strptime")

locale_traps <- function(crate) {
  called <- unlist(lapply(crate_functions(crate), function(fn) codetools::findGlobals(unclass(fn))))
  called <- intersect(locale_functions, called)
  objects <- as.list(environment(crate), all.names = TRUE)
  foreign <- names(objects)[vapply(objects, has_foreign_text, NA)]
  c(
    paste0("`", called, "()` depends on the locale of the server.", recycle0 = TRUE),
    paste0("`", foreign, "` has texts that are not UTF-8.", recycle0 = TRUE)
  )
}

has_foreign_text <- function(x) {
  found <- rapply(list(x), as.character, classes = c("character", "factor"), how = "unlist")
  texts <- as.character(unlist(found))
  ascii <- !grepl("[^ -~]", texts, useBytes = TRUE)
  any(!ascii & Encoding(texts) != "UTF-8")
}
