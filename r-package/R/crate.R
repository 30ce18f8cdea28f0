#' Pack a function with the data it needs
#'
#' A crate is a function that carries everything it needs, so that it runs in another R session or
#' behind a server. Nothing of the surrounding session comes along: objects are passed by name, and
#' functions outside base R are written with their package, as in `stats::predict()`.
#'
#' Crates have the format of the package carrier: either can load what the other wrote.
#'
#' @param .fn A function or a formula written inside the call. The formula `~ f(.x)` is short for
#'   `function(.x) f(.x)`. `!!x` puts the value of `x` into the code.
#' @param ... Named objects to take along.
#' @param .parent_env Environment in which the crate finds what it does not carry. Only base R and the
#'   global environment exist when the crate is loaded elsewhere.
#' @returns A function of class `crate`.
#' @export
#' @examples
#' fit <- lm(Sepal.Width ~ Sepal.Length, iris)
#' predictor <- crate(function(x) stats::predict(model, x), model = fit)
#' predictor(head(iris))
crate <- function(.fn, ..., .parent_env = baseenv()) {
  objects <- list(...)
  if (length(objects) > 0 && !rlang::is_named(objects)) {
    abort("All `...` arguments must be named.", "invalid_argument")
  }
  # The code is evaluated below the caller, so that it sees what stands there, and then cut off.
  env <- new.env(parent = rlang::caller_env())
  for (name in names(objects)) assign(name, objects[[name]], envir = env)
  fn <- rlang::eval_bare(rlang::enexpr(.fn), env)
  if (rlang::is_formula(fn)) {
    own <- environment(fn)
    fn <- rlang::as_function(fn)
  } else if (is.function(fn)) {
    own <- environment(fn)
  } else {
    abort("{.arg .fn} must be a function or a formula, not {describe(fn)}.", "invalid_argument")
  }
  if (!identical(own, env)) {
    abort("The function must be defined inside this call.", "invalid_argument")
  }
  parent.env(env) <- .parent_env
  fn <- rlang::zap_srcref(fn)
  attributes(fn) <- NULL
  structure(fn, class = "crate")
}

#' Is this a crate?
#'
#' @param x Any object.
#' @returns TRUE or FALSE.
#' @export
#' @examples
#' is_crate(crate(function(x) x + 1))
#' is_crate(mean)
is_crate <- function(x) {
  inherits(x, "crate")
}

# Registered as print method on load, see .onLoad().
crate_print <- function(x, ...) {
  sizes <- captured_sizes(x)
  show_lines("<crate> ", format_bytes(serialized_bytes(x)))
  show_lines("* `", names(sizes), "`: ", vapply(sizes, format_bytes, ""))
  code <- unclass(x)
  environment(code) <- globalenv()
  print(code)
  invisible(x)
}

# Bytes of each object in a crate as it would be saved, largest first.
captured_sizes <- function(crate) {
  objects <- as.list(environment(crate), all.names = TRUE)
  sizes <- vapply(objects, serialized_bytes, 0)
  sort(sizes, decreasing = TRUE)
}

serialized_bytes <- function(x) {
  as.numeric(length(serialize(x, NULL)))
}

format_bytes <- function(bytes) {
  format(structure(bytes, class = "object_size"), units = "auto", standard = "SI")
}
