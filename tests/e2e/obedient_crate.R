# Writes an lm crate that does what its column "do" says, and what R itself predicts for iris.
# Usage: Rscript --vanilla obedient_crate.R FOLDER
folder <- commandArgs(TRUE)[[1L]]
options(keep.source = FALSE)

ask <- function(x, shift = 0) {
  # Rows of several requests may have come together.
  for (do in unique(as.character(x$do))) switch(
    do,
    stop = stop("the soil is too dry"),
    quit = quit(status = 7),
    loop = repeat {},
    sleep = Sys.sleep(1e6),
    hog = numeric(2e9),
    draw = return(stats::runif(nrow(x))),
    print = cat(strrep("noise ", 2e6)),
    warn = for (n in 1:200) warning("it may rain"),
    wander = setwd("/"),
    fork = parallel::mcparallel(repeat Sys.sleep(1)),
    signals = suspendInterrupts(tools::pskill(Sys.getpid(), tools::SIGINT)),
    delete = unlink(file.path(Sys.getenv("MODEL_FOLDER"), "crate.bin")),
    system = system("echo noise"),
    options = options(OutDec = ",", digits = 3),
    crash = tools::pskill(Sys.getpid(), 11L),
    jump = .Call(no_function())
  )
  stats::predict(model, x) + shift
}
# A pointer to what is no code: calling it is a segmentation fault.
no_function <- function() {
  r <- dyn.load(file.path(R.home("lib"), "libR.so"))
  .Call(getNativeSymbolInfo("R_MakeExternalPtr", r), NULL, as.symbol("native symbol"), NULL)
}
model <- lm(Sepal.Width ~ Sepal.Length, iris)
environment(no_function) <- baseenv()
environment(ask) <- list2env(list(model = model, no_function = no_function), parent = baseenv())
saveRDS(serialize(structure(ask, class = "crate"), NULL), file.path(folder, "crate.bin"))

predicted <- unname(stats::predict(model, iris))
writeLines(sprintf("%a %a", iris$Sepal.Length, predicted), file.path(folder, "reference.txt"))
