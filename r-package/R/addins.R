# What RStudio offers in its menu of addins, by inst/rstudio/addins.dcf.

addin_open_run <- function() {
  mlflow_ui(run_id = active_run_id() %||% session$last_run)
}

addin_insert_run <- function() {
  if (!in_rstudio()) {
    abort("A run block is put into the document that is open in RStudio: there is none here.", "unavailable")
  }
  rstudioapi::selectionSet(run_block(rstudioapi::selectionGet()$value))
}

# Code as a block that logs to a run of its own.
run_block <- function(code) {
  lines <- strsplit(code, "\n", fixed = TRUE)[[1]]
  if (length(lines) == 0) lines <- ""
  inner <- ifelse(nzchar(lines), paste0("  ", lines), "")
  paste(c("with(mlflow_start_run(), {", inner, "})", ""), collapse = "\n")
}
