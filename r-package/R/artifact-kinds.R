# Logging R objects as files, by kind, and reading them back.

#' Log a text or a list as file
#'
#' @inheritParams mlflow_log_artifact
#' @param text Lines.
#' @param x A list: written as YAML if `artifact_file` ends in `.yaml` or `.yml`, else as JSON. Vectors with
#'   names are written as lists by name, dates and factors as texts, times in UTC.
#' @param artifact_file Path of the file within the run's files.
#' @returns `artifact_file`, invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(), {
#'   mlflow_log_text("Fitted on 150 irises.", "notes.txt")
#'   mlflow_log_dict(list(levels = levels(iris$Species)), "species.json")
#' })
mlflow_log_text <- function(text, artifact_file, run_id = NULL, client = NULL) {
  if (!is.character(text)) abort("{.arg text} must be text, not {describe(text)}.", "invalid_argument")
  log_content(paste0(as_utf8(text), "\n"), artifact_file, run_id, client)
}

#' @rdname mlflow_log_text
#' @export
mlflow_log_dict <- function(x, artifact_file, run_id = NULL, client = NULL) {
  if (!is.list(x) || is.data.frame(x)) {
    abort(
      c(
        "{.arg x} must be a list, not {describe(x)}.",
        i = if (is.data.frame(x)) "{.fn mlflow_log_table} logs data frames."
      ),
      "invalid_argument"
    )
  }
  artifact_file <- check_string(artifact_file)
  x <- plain_values(x)
  text <- if (grepl("[.]ya?ml$", artifact_file)) to_yaml(x) else jsonlite::prettify(to_json(x), indent = 2)
  log_content(text, artifact_file, run_id, client)
}

#' Make values those that JSON and YAML have
#'
#' Dates, times and factors become texts, times in UTC. A vector with names becomes a list, which keeps them.
#' @noRd
plain_values <- function(x) {
  if (is.factor(x)) x <- stats::setNames(as.character(x), names(x))
  if (inherits(x, "Date")) x <- format(x)
  if (inherits(x, "POSIXt")) {
    text <- paste0(iso_time(as.POSIXct(x)), "Z")
    x <- replace(text, is.na(x), NA)
  }
  if (is.data.frame(x)) {
    x[] <- lapply(x, function(column) plain_values(unname(column)))
  } else if (is.list(x)) {
    x[] <- lapply(x, plain_values)
  } else if (!is.object(x) && (!is.null(names(x)) || is.character(x) && anyNA(x) && length(x) > 1)) {
    # YAML writes a missing text of a vector as a word of its own.
    x <- as.list(x)
  }
  x
}

log_content <- function(text, artifact_file, run_id, client, call = rlang::caller_env()) {
  text <- paste(text, collapse = "")
  log_written(artifact_file, run_id, client, function(path) write_utf8(text, path), call)
}

#' Log an R object as file
#'
#' @inheritParams mlflow_log_artifact
#' @param data Data frame: written as JSON with `columns` and `data`, as Python's `log_table` does, or as
#'   CSV, by the end of `artifact_file`: `.json` or `.csv`.
#' @param plot What to draw: code that draws, such as `hist(x)`; a ggplot or another object that draws when
#'   printed; a recorded plot; or a function without arguments that draws.
#' @param x An image: a matrix or array of numbers from 0 to 1 (one, three or four layers), a `raster`, or
#'   the path of an image file.
#' @param widget An htmlwidget, or texts of HTML.
#' @param object Any R object, written by [saveRDS()].
#' @param artifact_file Path of the file within the run's files. For a plot its end chooses the format:
#'   `.png`, `.svg` or `.pdf`.
#' @param width,height Size of a plot in inches.
#' @param dpi Dots per inch of a plot.
#' @returns `artifact_file`, invisibly.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(mlflow_start_run(), {
#'   mlflow_log_table(head(iris), "flowers.json")
#'   mlflow_log_figure(plot(iris$Sepal.Length, iris$Sepal.Width), "sepals.pdf")
#'   mlflow_log_html("<h1>Irises</h1>", "report.html")
#'   mlflow_log_rds(lm(Sepal.Width ~ Sepal.Length, iris), "fit.rds")
#' })
mlflow_log_table <- function(data, artifact_file, run_id = NULL, client = NULL) {
  check_data_frame(data)
  artifact_file <- check_string(artifact_file)
  if (grepl("[.]json$", artifact_file)) {
    return(log_content(split_json(data), artifact_file, run_id, client))
  }
  if (!grepl("[.]csv$", artifact_file)) {
    abort("A table must be a .json or .csv file, not {.val {artifact_file}}.", "invalid_argument")
  }
  log_written(artifact_file, run_id, client, function(path) {
    utils::write.csv(data, path, row.names = FALSE, fileEncoding = "UTF-8")
  })
}

#' @rdname mlflow_log_table
#' @export
mlflow_log_figure <- function(plot, artifact_file, width = 7, height = 5, dpi = 150, run_id = NULL,
                              client = NULL) {
  artifact_file <- check_string(artifact_file)
  device <- figure_device(artifact_file, check_number(width), check_number(height), check_number(dpi))
  call <- environment()
  log_written(artifact_file, run_id, client, function(path) {
    device(path)
    on.exit(grDevices::dev.off())
    if (!draw(plot)) {
      abort(
        c("Nothing was drawn.", i = "Give code that draws, such as {.code function() plot(x)}."),
        "invalid_argument",
        call = call
      )
    }
  })
}

# Draw on the device that is open, as at the prompt, and tell whether anything was drawn. Code that was given
# as `plot` runs here; what printing says besides is not to be read.
draw <- function(plot) {
  grDevices::dev.control("enable")
  made <- if (is.function(plot)) withVisible(plot()) else list(value = plot, visible = TRUE)
  if (made$visible) utils::capture.output(print(made$value))
  !is.null(grDevices::recordPlot()[[1]])
}

figure_device <- function(file, width, height, dpi, call = rlang::caller_env()) {
  switch(tolower(sub(".*[.]", "", file)),
    png = function(path) {
      grDevices::png(path, width = width, height = height, units = "in", res = dpi)
    },
    svg = function(path) grDevices::svg(path, width = width, height = height),
    pdf = function(path) grDevices::pdf(path, width = width, height = height),
    abort("A figure must be a .png, .svg or .pdf file, not {.val {file}}.", "invalid_argument", call = call)
  )
}

#' @rdname mlflow_log_table
#' @export
mlflow_log_image <- function(x, artifact_file, run_id = NULL, client = NULL) {
  artifact_file <- check_string(artifact_file)
  if (rlang::is_string(x)) {
    if (!file.exists(x)) abort("There is no image {.path {x}}.", "not_found")
    return(log_written(artifact_file, run_id, client, function(path) file.copy(x, path)))
  }
  numbers <- is.numeric(x) && length(dim(x)) %in% 2:3 && isTRUE(all(x >= 0 & x <= 1))
  if (!numbers && !inherits(x, "raster") || !grepl("[.]png$", artifact_file)) {
    abort(
      c(
        "An image must be the path of a file, or numbers from 0 to 1 in a matrix or array.",
        i = "Numbers are logged as a .png file; {.code (x - min(x)) / diff(range(x))} are from 0 to 1."
      ),
      "invalid_argument"
    )
  }
  raster <- grDevices::as.raster(x)
  log_written(artifact_file, run_id, client, function(path) {
    grDevices::png(path, width = ncol(raster), height = nrow(raster))
    on.exit(grDevices::dev.off())
    graphics::par(mar = rep(0, 4))
    plot(raster, interpolate = FALSE)
  })
}

#' @rdname mlflow_log_table
#' @export
mlflow_log_html <- function(widget, artifact_file, run_id = NULL, client = NULL) {
  if (inherits(widget, "htmlwidget")) {
    if (!requireNamespace("htmlwidgets", quietly = TRUE)) {
      abort_missing_packages("htmlwidgets", "An htmlwidget needs")
    }
    write <- function(path) htmlwidgets::saveWidget(widget, path, selfcontained = TRUE)
    return(log_written(artifact_file, run_id, client, write))
  }
  if (!is.character(widget)) {
    abort("{.arg widget} must be an htmlwidget or text, not {describe(widget)}.", "invalid_argument")
  }
  log_content(paste0(as_utf8(widget), "\n"), artifact_file, run_id, client)
}

#' @rdname mlflow_log_table
#' @export
mlflow_log_rds <- function(object, artifact_file, run_id = NULL, client = NULL) {
  log_written(artifact_file, run_id, client, function(path) saveRDS(object, path))
}

# Log the file that `write(path)` makes.
log_written <- function(artifact_file, run_id, client, write, call = rlang::caller_env()) {
  artifact_file <- check_artifact_path(check_string(artifact_file, call = call), call = call)
  # The name need not be one that this system can show.
  local <- withr::local_tempfile(fileext = sub("^.*?([.][[:alnum:]]+)?$", "\\1", artifact_file, perl = TRUE))
  write(local)
  run_id <- logging_run_id(run_id, client, call)
  upload_files(run_artifact_root(as_client(client), run_id, call), local, artifact_file, call)
  invisible(artifact_file)
}

#' Read a file of a run
#'
#' @inheritParams mlflow_create_experiment
#' @param artifact_uri Such as `runs:/<run id>/flowers.json`.
#' @returns `mlflow_load_table()` returns a tibble, of JSON with `columns` and `data` or of CSV;
#'   `mlflow_load_text()` one text; `mlflow_load_dict()` a list, of JSON or YAML.
#' @export
#' @examplesIf nzchar(Sys.getenv("MLFLOW_TRACKING_URI"))
#' with(run <- mlflow_start_run(), mlflow_log_table(head(iris), "flowers.json"))
#' mlflow_load_table(paste0("runs:/", mlflow_id(run), "/flowers.json"))
mlflow_load_table <- function(artifact_uri, client = NULL) {
  file <- fetch_artifact(artifact_uri, client)
  if (grepl("[.]csv$", file)) {
    return(tibble::as_tibble(utils::read.csv(file, check.names = FALSE, encoding = "UTF-8")))
  }
  content <- jsonlite::fromJSON(replace_bare_words(read_utf8(file), "NaN", "null"), simplifyVector = FALSE)
  if (!is.list(content) || !all(c("columns", "data") %in% names(content))) {
    abort("{artifact_uri} is no table: it has no `columns` and `data`.", "invalid_argument")
  }
  names <- vapply(content$columns, as.character, "")
  columns <- lapply(seq_along(names), function(i) {
    cells <- lapply(content$data, function(row) row[[i]])
    cells[vapply(cells, is.null, NA)] <- NA
    if (length(cells) == 0) logical() else if (all(lengths(cells) == 1)) unlist(cells) else cells
  })
  tibble::new_tibble(stats::setNames(columns, names), nrow = length(content$data))
}

#' @rdname mlflow_load_table
#' @export
mlflow_load_text <- function(artifact_uri, client = NULL) {
  read_utf8(fetch_artifact(artifact_uri, client))
}

#' @rdname mlflow_load_table
#' @export
mlflow_load_dict <- function(artifact_uri, client = NULL) {
  file <- fetch_artifact(artifact_uri, client)
  text <- read_utf8(file)
  if (grepl("[.]ya?ml$", file)) yaml::yaml.load(text, eval.expr = FALSE) else from_json(text)
}

fetch_artifact <- function(uri, client, call = rlang::caller_env()) {
  check_string(uri, arg = "artifact_uri", call = call)
  mlflow_download_artifacts(artifact_uri = uri, client = client)
}
